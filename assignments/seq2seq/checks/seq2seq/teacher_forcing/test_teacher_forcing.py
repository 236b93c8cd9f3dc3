"""Public checks of `train_step`. They use a toy translator, not your encoder and decoder."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from checks.expect import expect, mended

from ..probed import Probed
from .inputs import expect_gold_inputs, expect_predicted_inputs
from .losses import expect_loss
from .steps import (
    CRASH,
    Gradients,
    expect_at_home,
    expect_batch_unchanged,
    expect_clipped,
    expect_default_clip,
    expect_fresh_gradients,
    expect_gradients,
    expect_handed_on,
    expect_one_update,
    expect_train_mode,
    predictions,
    train,
)

IDS = {"pad_id": 3, "bos_id": 5, "eos_id": 0}
V, H, L = 7, 4, 2
SOURCE = torch.tensor([[1, 3, 3], [4, 6, 2]])  # 3 is PAD
SOURCE_LENGTHS = torch.tensor([1, 3])
TARGET = torch.tensor([[5, 1, 2, 4, 0, 3], [5, 4, 1, 2, 6, 0]])  # BOS words EOS PAD
STEP: dict[str, Any] = {
    "source": SOURCE,
    "source_lengths": SOURCE_LENGTHS,
    "target": TARGET,
    "teacher_forcing_ratio": 1.0,
}


def flat() -> Gradients:
    """Weights with which every step has the same logits, whatever has been read."""
    shapes = {"source_embedding": (V, H), "to_h": (L, H, H), "to_c": (L, H, H)}
    shapes |= {"target_embedding": (V, H), "move": (L, H, H), "output": (H, V), "bias": (V,)}
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


def varied(generator: torch.Generator) -> Gradients:
    """Weights with which every step has logits of its own, and a word as its favourite."""
    weights = {name: torch.randn(w.shape, generator=generator) for name, w in flat().items()}
    weights["bias"][list(IDS.values())] -= 100.0
    return weights


@pytest.mark.graded(line="result", weight=1, on_crash=CRASH)
def test_returns_the_loss(student: Probed, generator: torch.Generator) -> None:
    """Your train_step calls the decoder once for each step and returns the loss as a number."""
    train(student, weights=varied(generator), ids=IDS, steps=[STEP])


@pytest.mark.graded(line="inputs", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_ratio_1_feeds_gold(student: Probed, generator: torch.Generator) -> None:
    """With ratio 1, or none given, the decoder reads BOS, then each gold token one step later."""
    weights = varied(generator)
    named = train(student, weights=weights, ids=IDS, steps=[STEP])[0]
    expect_gold_inputs(named, STEP)
    step = {**STEP, "target": many_words(generator)}
    expect_gold_inputs(
        train(student, weights=weights, ids=IDS, steps=[step], seed=MANY_SEED)[0], step
    )
    without = {name: value for name, value in STEP.items() if name != "teacher_forcing_ratio"}
    call = train(student, weights=weights, ids=IDS, steps=[without])[0]
    expect(
        torch.equal(call.inputs, named.inputs),
        "without teacher_forcing_ratio the decoder does not read the gold tokens",
        "keep the defaults of the contract: teacher_forcing_ratio=1.0, clip=1.0",
        line="ratio",
        share=0.2,
    )


# with this seed all sources of coins reach both their ends, so that a coin that is not exact shows
MANY, MANY_SEED = 300, 29


def many_words(generator: torch.Generator) -> Tensor:
    """A target of two long rows, the second one shorter by a word: (2, MANY + 2)."""
    words = torch.tensor([1, 2, 4, 6])[torch.randint(4, (2, MANY), generator=generator)]
    ends = torch.tensor([[IDS["bos_id"], IDS["eos_id"]]] * 2)
    target = torch.cat([ends[:, :1], words, ends[:, 1:]], 1)
    target[1, -2:] = torch.tensor([IDS["eos_id"], IDS["pad_id"]])
    return target


@pytest.mark.graded(line="loss", weight=2, after=["returns_the_loss"], on_crash=CRASH)
def test_loss_by_hand(student: Probed, generator: torch.Generator) -> None:
    """The loss is the mean of -log p over the batch's targets: EOS counts, BOS and PAD do not."""
    p = torch.tensor([32, 4, 1, 8, 11, 3, 5]) / 64  # at every step
    weights = {**flat(), "bias": p.log()}
    step = {**STEP, "clip": 1e6}  # that gradients come as the loss has them
    calls = train(student, weights=weights, ids=IDS, steps=[step] * 2, learning_rate=0.0)
    losses = [call.loss for call in calls if call.loss is not None]
    if any(not torch.equal(w, calls[0].given[name]) for name, w in calls[0].weights.items()):
        mended(
            "the weights change although the learning rate is 0",
            "step the optimizer that train_step is given: no optimizer of your own",
            line="update",
            share=0.77,
        )
    elif len(losses) > 1 and abs(losses[0] - losses[1]) > 1e-4:
        mended(
            "the same batch with the same weights has another loss in a second call",
            "return this batch's loss alone: nothing is kept from call to call",
            line="result",
            share=1.0,
        )
    weights = varied(generator)
    weights["bias"] += 3.0  # logits of any size
    weights["bias"][IDS["eos_id"]] += 104.0  # which the decoder says early, and goes on
    steps = [{**step, "teacher_forcing_ratio": ratio} for ratio in (1.0, 0.0)]
    asked = {"weights": weights, "ids": IDS, "steps": steps, "learning_rate": 0.0}
    for call in [*train(student, forced=True, **asked), *calls]:
        expect_loss(call, IDS["pad_id"], IDS["eos_id"])


@pytest.mark.graded(line="ratio", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_ratio_0_feeds_predictions(student: Probed, generator: torch.Generator) -> None:
    """With ratio 0 the decoder reads BOS, then the argmax of its own logits, to the last step."""
    target = torch.tensor([[5, 6, 6, 0, 3, 3], [5, 6, 6, 6, 6, 0]])
    weights = varied(generator)
    weights["bias"][6] -= 100.0  # the gold word is never the favourite
    weights["bias"][[1, 2, 4]] = 0.0  # the other words are about as likely as each other, so that
    weights["output"] *= 0.2  # who samples takes them all
    step = {**STEP, "target": target, "teacher_forcing_ratio": 0.0}
    for call in train(student, weights=weights, ids=IDS, steps=[step] * 3):
        expect_predicted_inputs(call)
    long = {**step, "target": many_words(generator)}
    call = train(student, weights=varied(generator), ids=IDS, steps=[long], seed=MANY_SEED)[0]
    expect_predicted_inputs(call)


@pytest.mark.graded(
    line="ratio",
    weight=1,
    after=["ratio_1_feeds_gold", "ratio_0_feeds_predictions"],
    on_crash=CRASH,
)
def test_a_fresh_coin_each_step(student: Probed, generator: torch.Generator) -> None:
    """With ratio 0.5 gold tokens and predictions are mixed at random within a sentence."""
    target = many_words(generator)[:, -62:]
    target[:, 0] = IDS["bos_id"]
    step = {**STEP, "target": target, "teacher_forcing_ratio": 0.5}
    call, again = train(
        student, weights=varied(generator), ids=IDS, steps=[step] * 2, learning_rate=0.0, seed=5
    )
    if not call.whole:
        return  # too few tosses to tell; that steps are left out is charged already
    now, gold, predicted = call.inputs[1:], target.T[1:-1], predictions(call)[:-1]
    expect(
        bool(((now == gold) | (now == predicted)).all()),
        "an input is neither the gold token nor the argmax of the step before",
        "the next input is target[:, t] or logits.argmax(dim=1) of step t",
    )
    telling = gold != predicted
    rows = [row[told] for row, told in zip((now == gold).T, telling.T, strict=True)]
    expect(
        any(bool(row.any()) and not bool(row.all()) for row in rows),
        "with ratio 0.5 a whole sentence is either all gold or all predicted",
        "toss a coin in the loop, at every step, not once before it",
        share=0.48,
    )
    expect(
        all(int(row.diff().sum()) > 5 for row in rows),
        "one step's coin depends on the last one's",
        "toss a new coin at every step",
        share=0.4,
    )
    expect(
        not torch.equal(call.inputs, again.inputs),
        "the coins are the same in every call",
        "seed a generator once, outside train_step, if at all",
        share=0.37,
    )


@pytest.mark.graded(line="steps", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_hands_the_state_on(student: Probed, generator: torch.Generator) -> None:
    """The decoder starts from the encoder's (h, c) and goes on, each step, from its own new one."""
    call = train(student, weights=varied(generator), ids=IDS, steps=[STEP])[0]
    expect_handed_on(call)


@pytest.mark.graded(line="update", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_updates_once_with_clipped_gradients(student: Probed, generator: torch.Generator) -> None:
    """Each call makes one update, with clipped gradients of this call only; the batch stays."""
    steps = [{**STEP, "clip": 1e6}] * 2 + [{**STEP, "clip": 0.01}, STEP]
    calls = train(  # a learning rate of 0: every call should see the same gradients
        student, weights=varied(generator), ids=IDS, steps=steps, learning_rate=0.0
    )
    for call in calls:
        expect_batch_unchanged(call, STEP)
    expect_one_update(calls)
    for call in calls:
        expect_gradients(call)
    alike = [torch.equal(call.inputs, calls[0].inputs) for call in calls]
    if not all(alike) or not expect_fresh_gradients(*calls[:2]):
        return  # chance, or what was added up, decides here
    raw, _, clipped, default = (call.gradients for call in calls)
    expect_clipped(raw, clipped, 0.01)
    expect_default_clip(raw, default)


@pytest.mark.graded(line="clean", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_switches_to_train_mode(student: Probed, generator: torch.Generator) -> None:
    """Encoder and decoder are in train mode during the step, whatever mode they were in."""
    call = train(student, weights=varied(generator), ids=IDS, steps=[STEP], training=False)[0]
    expect_train_mode(call)


@pytest.mark.graded(
    line="steps",
    weight=1,
    after=["returns_the_loss"],
    on_crash="squeeze() without dim drops the batch dimension of a single row: name the dimension",
)
def test_trains_on_a_single_row(student: Probed, generator: torch.Generator) -> None:
    """A batch of one row trains like any other."""
    row = {name: STEP[name][1:] for name in ("source", "source_lengths", "target")}
    steps = [{**row, "teacher_forcing_ratio": ratio} for ratio in (1.0, 0.0)]
    train(student, weights=varied(generator), ids=IDS, steps=steps)


@pytest.mark.graded(
    line="clean",
    weight=1,
    after=["returns_the_loss", "ratio_0_feeds_predictions"],
    on_crash=CRASH,
)
def test_works_on_a_simulated_gpu(student: Probed, generator: torch.Generator) -> None:
    """With the model and the batch on a GPU, which is simulated here, the step is made there."""
    steps = [{**STEP, "teacher_forcing_ratio": ratio} for ratio in (1.0, 0.0, 0.5)]
    report = student.train_step_on(weights=varied(generator), ids=IDS, steps=steps)
    expect_at_home(report)
