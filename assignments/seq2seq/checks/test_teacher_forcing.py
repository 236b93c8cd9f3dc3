"""Public checks of `train_step`. They use a toy translator, not your encoder and decoder."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from checks.expect import Wrong, close, expect
from checks.losses import expect_loss
from checks.steps import (
    CRASH,
    Gradients,
    Seen,
    expect_batch_unchanged,
    expect_clipped,
    expect_one_update,
    flattened,
    predictions,
    train,
)

IDS = {"pad_id": 3, "bos_id": 5, "eos_id": 0}
V, H, L = 7, 4, 2
SOURCE = torch.tensor([[1, 3, 3], [4, 6, 2]])  # 3 is PAD
SOURCE_LENGTHS = torch.tensor([1, 3])
TARGET = torch.tensor([[5, 1, 2, 4, 0, 3], [5, 4, 1, 2, 6, 0]])  # BOS words EOS PAD
STEP = {
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


@pytest.mark.graded(weight=1, on_crash=CRASH)
def test_returns_the_loss(student: Any, generator: torch.Generator) -> None:
    """Your train_step calls the decoder once a step and returns the loss as a number."""
    train(student, weights=varied(generator), ids=IDS, steps=[STEP])


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_ratio_1_feeds_gold(student: Any, generator: torch.Generator) -> None:
    """With ratio 1 the decoder reads BOS once, then the gold tokens, each a step late."""
    call = train(student, weights=varied(generator), ids=IDS, steps=[STEP])[0]
    expect_gold_inputs(call, STEP)


EXACT = (
    "ratios 0 and 1 are exact, at every step: random.random() < teacher_forcing_ratio, nothing "
    "rounded, and no step exempt"
)


def expect_gold_inputs(call: Seen, step: dict[str, Any]) -> None:
    """Compare the decoder's inputs with the target, all but its last column."""
    gold = step["target"].T[:-1]  # (steps, batch)
    if torch.equal(call.inputs, gold):
        return
    expect_batch_unchanged(call, step)
    expect(
        torch.equal(call.inputs[0], gold[0]),
        "the decoder's first input is not target[:, 0], which is BOS",
        "start with previous = target[:, 0]",
    )
    if len(gold) > 1 and torch.equal(call.inputs[1], gold[0]):
        raise Wrong(
            "the decoder reads BOS twice",
            "start the loop at t = 1: step t's input is target[:, t - 1], and target[:, t] is "
            "what it is scored against",
        )
    if torch.equal(call.inputs[1:], predictions(call)[:-1]):
        raise Wrong(
            "with ratio 1 the decoder reads its own predictions",
            "teacher_forcing_ratio is the probability of the gold token, not of the prediction",
        )
    said = predictions(call)[:-1]
    if bool(((call.inputs[1:] == gold[1:]) | (call.inputs[1:] == said)).all()):
        raise Wrong("with ratio 1 the decoder sometimes reads its own predictions", EXACT)
    raise Wrong(
        "with ratio 1 the decoder's inputs are not the gold tokens in order",
        "after step t, previous = target[:, t]",
    )


def expect_predicted_inputs(call: Seen, target: Tensor) -> None:
    """Compare the decoder's inputs after BOS with its own argmax one step before."""
    expect(
        torch.equal(call.inputs[0], target[:, 0]),
        "with ratio 0 the decoder's first input is not target[:, 0], which is BOS",
        "start with previous = target[:, 0] for any ratio",
    )
    now, said = call.inputs[1:], predictions(call)[:-1]  # (steps - 1, batch)
    expect(
        call.dtypes == {torch.int64},
        "the decoder's inputs are not all int64",
        "ids are int64, as argmax returns them: no other dtype is needed",
    )
    if torch.equal(now, said):
        return
    gold = target.T[1:-1]
    expect(
        not torch.equal(now, gold),
        "with ratio 0 the decoder still reads the gold tokens",
        "teacher_forcing_ratio is the probability of the gold token; without it the next input is "
        "this step's argmax",
    )
    if bool(((now == said) | (now == gold)).all()):
        raise Wrong("with ratio 0 the decoder sometimes reads gold tokens", EXACT)
    raise Wrong(
        "with ratio 0 the decoder's next input is not the argmax of this step's logits",
        "previous = logits.argmax(dim=1): no sampling, no special case after a predicted EOS or "
        "where the target is PAD",
    )


@pytest.mark.graded(weight=2, needs=["returns_the_loss"], on_crash=CRASH)
def test_loss_by_hand(student: Any) -> None:
    """The loss is the mean of -log p over the batch's targets: EOS counts, BOS and PAD do not."""
    p = torch.tensor([32, 4, 1, 8, 11, 3, 5]) / 64  # at every step
    weights = {**flat(), "bias": p.log()}
    calls = train(student, weights=weights, ids=IDS, steps=[STEP] * 2, learning_rate=0.0)
    expect(
        all(torch.equal(w, calls[1].weights[name]) for name, w in calls[0].weights.items()),
        "the weights change although the learning rate is 0",
        "step the optimizer that train_step is given: no optimizer of your own",
    )
    expect(
        abs(calls[0].loss - calls[1].loss) < 1e-4,
        "the same batch with the same weights has another loss in a second call",
        "return this batch's loss alone: nothing is kept from call to call",
    )
    first = math.log(64 / 4) + math.log(64 / 1) + math.log(64 / 11) + math.log(64 / 32)
    second = first + math.log(64 / 5)
    for call in calls:
        if abs(call.loss - (first + second) / 9) > 1e-4:  # 4 targets in a row, 5 in the other
            expect_loss(call, TARGET, IDS["pad_id"], IDS["eos_id"])
            raise Wrong(
                "the loss is not that of the first pass", "return the loss before the update"
            )


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_ratio_0_feeds_predictions(student: Any, generator: torch.Generator) -> None:
    """With ratio 0 the decoder reads BOS, then the argmax of its own logits, to the last step."""
    target = torch.tensor([[5, 6, 6, 0, 3, 3], [5, 6, 6, 6, 6, 0]])
    weights = varied(generator)
    weights["bias"][6] -= 100.0  # the gold word is never the favourite
    weights["bias"][[1, 2, 4]] = 0.0  # the other words are about as likely as each other, so that
    weights["output"] *= 0.2  # who samples takes them all
    step = {**STEP, "target": target, "teacher_forcing_ratio": 0.0}
    for call in train(student, weights=weights, ids=IDS, steps=[step] * 3):
        expect_predicted_inputs(call, target)


@pytest.mark.graded(
    weight=1, needs=["ratio_1_feeds_gold", "ratio_0_feeds_predictions"], on_crash=CRASH
)
def test_a_fresh_coin_each_step(student: Any, generator: torch.Generator) -> None:
    """With ratio 0.5 gold tokens and predictions alternate at random within a sentence."""
    words = torch.tensor([1, 2, 4, 6])[torch.randint(4, (2, 60), generator=generator)]
    ends = torch.tensor([[5, 0], [5, 0]])
    target = torch.cat([ends[:, :1], words, ends[:, 1:]], 1)  # (batch, target_time)
    step = {**STEP, "target": target, "teacher_forcing_ratio": 0.5}
    call = train(student, weights=varied(generator), ids=IDS, steps=[step], seed=5)[0]
    now, gold, predicted = call.inputs[1:], target.T[1:-1], predictions(call)[:-1]
    expect(
        bool(((now == gold) | (now == predicted)).all()),
        "an input is neither the gold token nor the argmax of the step before",
        "the next input is target[:, t] or logits.argmax(dim=1) of step t",
    )
    telling = gold != predicted
    forced = int((now == gold)[telling].sum())
    expect(
        0 < forced < int(telling.sum()),
        "with ratio 0.5 a whole sentence is either all gold or all predicted",
        "toss a coin in the loop, at every step, not once before it",
    )


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_updates_once_with_clipped_gradients(student: Any, generator: torch.Generator) -> None:
    """Each call makes one update, with clipped gradients, none from earlier; the batch stays."""
    free, clipped = {**STEP, "clip": 1e6}, {**STEP, "clip": 0.01}
    calls = train(  # a learning rate of 0: every call should see the same gradients
        student, weights=varied(generator), ids=IDS, steps=[free, free, clipped], learning_rate=0.0
    )
    for call in calls:
        expect_batch_unchanged(call, STEP)
    expect_one_update(calls)
    first, second = (flattened(call.updates[0]) for call in calls[:2])
    expect(bool(first.any()), "at optimizer.step() all gradients are zero", "backward comes before")
    expect(
        close(first, second),
        "a second call on the same batch and weights has other gradients than the first",
        "gradients accumulate until optimizer.zero_grad(): call it once for every backward",
    )
    expect_clipped(calls[0].updates[0], calls[2].updates[0], 0.01)


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_switches_to_train_mode(student: Any, generator: torch.Generator) -> None:
    """Encoder and decoder are in train mode during the step, whatever mode they were in."""
    call = train(student, weights=varied(generator), ids=IDS, steps=[STEP], training=False)[0]
    flags = [part.get("training") for part in (*call.encoder, *call.decoder)]
    expect(
        all(flag is True for flag in flags),
        "a model in eval mode is trained without being set to train mode",
        "call model.train() first: dropout is off in eval mode",
    )
