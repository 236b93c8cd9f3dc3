"""Hidden checks of `train_step`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from checks.expect import close, expect
from checks.seq2seq.probed import Probed
from checks.seq2seq.teacher_forcing.inputs import expect_gold_inputs, expect_predicted_inputs
from checks.seq2seq.teacher_forcing.losses import expect_loss
from checks.seq2seq.teacher_forcing.steps import (
    CRASH,
    equal,
    expect_batch_unchanged,
    expect_clipped,
    expect_gradients,
    expect_handed_on,
    expect_one_update,
    flattened,
    predictions,
    train,
)
from checks.simulated_gpu.elsewhere import expect_at_home

from .cases import (
    EXTREME_SEED,
    EXTREME_TOSSES,
    HUGE,
    IDS,
    H,
    V,
    always_says,
    draw_case,
    draw_free_running,
    draw_loss_case,
    draw_steep,
    draw_unsorted,
    draw_words,
    step_of,
    tensors_of,
)
from .mistakes import expect_coins, explain_free_run
from .oracle import draw_weights, train_steps
from .randomness import only_drawn


@pytest.mark.graded(line="loss", weight=2, after=["returns_the_loss"], on_crash=CRASH)
def test_loss_is_a_mean_over_tokens(student: Probed, generator: torch.Generator) -> None:
    """The loss is the mean over the batch's tokens, whatever the lengths and the special ids."""
    ids_of = ((6, 2, 9), (0, 1, 2), (10, 9, 0))
    for counts, numbers in zip(([5, 1, 3], [0, 4, 3], [2, 7, 0, 6, 1]), ids_of, strict=True):
        ids = dict(zip(("pad_id", "bos_id", "eos_id"), numbers, strict=True))
        weights, batch = draw_loss_case(generator, counts, ids)
        steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
        calls = train(student, weights=weights, ids=ids, steps=steps, learning_rate=0.0)
        for call in calls:
            expect_loss(call, batch.target, ids["pad_id"], ids["eos_id"])


@pytest.mark.graded(line="inputs", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_gold_inputs_are_aligned(student: Probed, generator: torch.Generator) -> None:
    """With ratio 1 step t reads target[:, t - 1], in every call and at every step."""
    long = [EXTREME_TOSSES, 3, EXTREME_TOSSES]
    for counts, seed in (([5, 1, 3], 0), ([0, 4], 1), (long, EXTREME_SEED)):
        weights, batch = draw_case(generator, counts)
        steps = [step_of(batch)] * (1 if seed == EXTREME_SEED else 2)
        for call in train(student, weights=weights, ids=IDS, steps=steps, seed=seed):
            expect_gold_inputs(call, steps[0])


@pytest.mark.graded(line="ratio", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_runs_free_past_eos(student: Probed, generator: torch.Generator) -> None:
    """With ratio 0 the decoder reads its own argmax at every step, also after a predicted EOS."""
    long = [EXTREME_TOSSES, 3, EXTREME_TOSSES]
    cases = [draw_free_running(generator), draw_free_running(generator)]
    cases += [always_says(generator, IDS[name]) for name in ("eos_id", "pad_id")]
    cases += [draw_case(generator, long)]
    for (weights, batch), seed in zip(cases, (0, 1, 2, 3, EXTREME_SEED), strict=True):
        step = step_of(batch, teacher_forcing_ratio=0.0)
        call = train(student, weights=weights, ids=IDS, steps=[step], seed=seed)[0]
        explain_free_run(call, batch.target)
        expect_predicted_inputs(call, batch.target)


@pytest.mark.graded(
    line="ratio", weight=2, after=["gold_inputs_are_aligned", "runs_free_past_eos"], on_crash=CRASH
)
def test_coins_are_fresh_and_fair(student: Probed, generator: torch.Generator) -> None:
    """Each step's input is gold with probability teacher_forcing_ratio, independently."""
    ratio, count = 0.6, 10
    batch = draw_words(generator, [50, 50, 50])
    steps = [step_of(batch, teacher_forcing_ratio=ratio)] * count
    weights = draw_weights(generator, V, H)
    seed = int(torch.randint(2**31, (1,), generator=generator))
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0, seed=seed)
    gold = batch.target.T[1:-1]  # (steps, batch)
    series: list[list[bool]] = []  # a row's choices in a call, where they can be told
    patterns = set()
    for call in calls:
        now, said = call.inputs[1:], predictions(call)[:-1]
        expect(
            bool(((now == gold) | (now == said)).all()),
            "an input is neither the gold token nor the argmax of the step before",
            "no sampling, no mixture: previous is target[:, t] or logits.argmax(dim=1)",
        )
        forced, telling = now == gold, gold != said
        series += [forced[:, b][telling[:, b]].tolist() for b in range(len(batch.target))]
        patterns.add(tuple(map(tuple, forced.tolist())))
    expect_coins(series, ratio)
    expect(
        len(patterns) > 1,
        "the coins fall in the same order in every call",
        "seed a generator once, outside train_step, if at all",
    )


@pytest.mark.graded(
    line="steps",
    weight=1,
    after=["loss_is_a_mean_over_tokens", "gold_inputs_are_aligned", "runs_free_past_eos"],
    on_crash="squeeze() without dim drops the batch dimension of a single row: name the dimension",
)
def test_a_single_row_is_a_batch(student: Probed, generator: torch.Generator) -> None:
    """A batch of one row trains like any other, also when its target has no word but EOS."""
    for count in (4, 0):
        weights, batch = draw_case(generator, [count])
        steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
        calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
        for call in calls:
            expect_loss(call, batch.target, IDS["pad_id"], IDS["eos_id"])
        expect_gold_inputs(calls[0], steps[0])
        expect_predicted_inputs(calls[1], batch.target)


@pytest.mark.graded(line="steps", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_the_whole_state_is_handed_on(student: Probed, generator: torch.Generator) -> None:
    """The encoder gets source and lengths; its state goes on to the decoder, step after step."""
    weights, batch = draw_unsorted(generator)
    steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
    for call in train(student, weights=weights, ids=IDS, steps=steps):
        given = call.encoder[0]
        source = given.get("source")
        reordered = isinstance(source, Tensor) and sorted(source.tolist()) == sorted(
            batch.source.tolist()
        )
        expect(
            equal(source, batch.source) or not reordered,
            "the encoder gets the rows of source in another order than target's",
            "lengths come in any order: pass source and source_lengths on as they are",
        )
        expect(
            equal(source, batch.source),
            "the encoder is not given source as it is",
            "pass source on unchanged",
        )
        expect(
            equal(given.get("lengths"), batch.source_lengths),
            "the encoder is not given source_lengths",
            "pass source_lengths on unchanged: at padded positions any id may stand, so lengths "
            "cannot be counted from pad_id",
        )
        expect_handed_on(call)


@pytest.mark.graded(line="update", weight=1, after=["gold_inputs_are_aligned"], on_crash=CRASH)
def test_gradients_do_not_accumulate(student: Probed, generator: torch.Generator) -> None:
    """Gradients of earlier calls do not leak into later ones."""
    (weights, one), (_, two) = (draw_case(generator, counts) for counts in ([5, 2], [1, 6]))
    steps = [step_of(batch) for batch in (one, two, one, two)]
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    vectors = [flattened(call.updates[0]) for call in calls]
    expect(
        close(vectors[2], vectors[0], atol=1e-4) and close(vectors[3], vectors[1], atol=1e-4),
        "with the same batch and the same weights a later call has other gradients",
        "call optimizer.zero_grad() once in every call, before backward or after step",
        guess=True,
    )
    expect_gradients(calls[0])
    expect(not close(vectors[0], vectors[1], atol=1e-3), "all batches give the same gradients")


SHARE = 0.05  # of the norm that is left: so little that a clip of any kind acts


@pytest.mark.graded(line="update", weight=2, after=["gradients_do_not_accumulate"], on_crash=CRASH)
def test_clips_the_global_norm(student: Probed, generator: torch.Generator) -> None:
    """Gradients are scaled down to the global norm `clip`, and left alone below it."""
    weights, batch = draw_case(generator, [4, 1, 6])
    free = train(student, weights=weights, ids=IDS, steps=[step_of(batch)])
    expect_one_update(free)
    raw = free[0].updates[0]
    norm = flattened(raw).norm().item()
    expect_gradients(free[0])
    steps = [step_of(batch, clip=factor * norm) for factor in (SHARE, 3.0)]
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    clipped, loose = (call.updates[0] for call in calls)
    expect_clipped(raw, clipped, SHARE * norm)
    expect(
        close(flattened(loose), flattened(raw), atol=1e-4 * norm, rtol=1e-3),
        "gradients whose norm is below clip are changed",
        "clip scales gradients down, never up: the factor is at most 1",
    )


@pytest.mark.graded(
    line="update",
    weight=1,
    after=["gold_inputs_are_aligned", "clips_the_global_norm"],
    on_crash=CRASH,
)
def test_defaults_are_one(student: Probed, generator: torch.Generator) -> None:
    """Left out, teacher_forcing_ratio and clip are 1."""
    weights, batch = draw_steep(generator, [20, 3], least=1.5)
    steps = [step_of(batch, clip=1.0), tensors_of(batch)]
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    keep = "keep the defaults of the contract: teacher_forcing_ratio=1.0, clip=1.0"
    named, default = calls
    expect(
        torch.equal(default.inputs, named.inputs),
        "without teacher_forcing_ratio the decoder does not read the gold tokens",
        keep,
    )
    expect(
        close(flattened(default.updates[0]), flattened(named.updates[0]), atol=1e-4, rtol=1e-3),
        "without the argument clip the gradients are not clipped to the norm 1",
        keep,
    )


@pytest.mark.graded(
    line="steps",
    weight=2,
    after=[
        "loss_is_a_mean_over_tokens",
        "gold_inputs_are_aligned",
        "runs_free_past_eos",
        "the_whole_state_is_handed_on",
    ],
    on_crash=CRASH,
)
def test_gradients_reach_every_weight(student: Probed, generator: torch.Generator) -> None:
    """Backward runs through all steps, back into the encoder, with gold and predicted inputs."""
    weights, batch = draw_free_running(generator)
    for ratio, gold in ((1.0, True), (0.0, False)):
        step = step_of(batch, teacher_forcing_ratio=ratio)
        call = train(student, weights=weights, ids=IDS, steps=[step])[0]
        expect_one_update([call])
        got = call.updates[0]
        right = next(train_steps(weights, [batch], IDS["pad_id"], [HUGE], [gold], "SGD", 0.1))
        expect_gradients(call)
        expect(
            along(flattened(got), flattened(right.gradients)),
            f"with ratio {ratio:.0f} the gradients at optimizer.step() are not those of the loss",
            "one backward from the mean over tokens, through all steps: no .detach() or .item() "
            "on states or logits, and gradients zeroed before backward"
            if gold
            else "only the argmax carries no gradient: no torch.no_grad() or .detach() around "
            "the decoder or its state where it reads its own words",
        )


ORDER = "zero_grad, backward, clip, step: once each and in this order, in every call"


def along(got: Tensor, right: Tensor) -> bool:
    """Whether a gradient is the right one, or a part of it: how far it is clipped is not asked."""
    share = (got @ right / (right @ right)).item()
    return share < 1.001 and close(got, share * right, atol=1e-4 * share, rtol=1e-3)


@pytest.mark.graded(
    line="update",
    weight=2,
    after=["gradients_reach_every_weight", "gradients_do_not_accumulate", "clips_the_global_norm"],
    on_crash=CRASH,
)
def test_weights_after_four_updates(student: Probed, generator: torch.Generator) -> None:
    """After four updates, loss and weights are where the contract's training takes them."""
    for optimizer, rate in (("SGD", 0.2), ("Adam", 0.01)):
        weights, _ = draw_free_running(generator)
        counts = ([4, 2], [1, 5], [3, 3], [0, 4])
        batches = [draw_words(generator, count) for count in counts]
        clips, golds = [HUGE, 0.3, 0.1, HUGE], [True] * 4
        steps = [
            step_of(batch, clip=clip, teacher_forcing_ratio=1.0)
            for batch, clip in zip(batches, clips, strict=True)
        ]
        calls = train(
            student, weights=weights, ids=IDS, steps=steps, optimizer=optimizer, learning_rate=rate
        )
        right = train_steps(weights, batches, IDS["pad_id"], clips, golds, optimizer, rate)
        for number, (call, expected) in enumerate(zip(calls, right, strict=True), 1):
            expect(
                abs(call.loss - expected.loss) < 1e-3,
                f"in call {number} the loss is not that of the weights before the update",
                ORDER if number > 1 else "return the loss that backward started from",
                guess=True,
            )
            got = flattened(call.weights)
            expect(
                close(got, flattened(expected.weights), atol=2e-3, rtol=1e-3),
                f"after {number} updates the weights are not where they should be",
                ORDER,
                guess=True,
            )


@pytest.mark.graded(line="clean", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_sets_train_mode_itself(student: Probed, generator: torch.Generator) -> None:
    """Encoder and decoder run in train mode in every call, whatever mode they were left in."""
    weights, batch = draw_case(generator, [3, 2])
    for training in (False, True):
        steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
        for call in train(student, weights=weights, ids=IDS, steps=steps, training=training):
            flags = [part.get("training") for part in (*call.encoder, *call.decoder)]
            expect(
                all(flag is True for flag in flags),
                "a part of the step runs in eval mode",
                "call model.train() at the start of train_step, and model.eval() nowhere in it",
            )


@pytest.mark.graded(
    line="clean", weight=1, after=["loss_by_hand", "ratio_1_feeds_gold"], on_crash=CRASH
)
def test_changes_nothing_else(student: Probed, generator: torch.Generator) -> None:
    """The batch and all global settings are as before; global generators are only drawn from."""
    weights, batch = draw_case(generator, [3, 5, 1])
    step = step_of(batch, teacher_forcing_ratio=0.5)
    seed = int(torch.randint(2**31, (1,), generator=generator))
    asked = {"weights": weights, "ids": IDS, "steps": [step] * 2, "seed": seed, "chance": True}
    for call in train(student, **asked):
        expect_batch_unchanged(call, step)
        for name in SETTINGS:
            expect(
                call.after.get(name) == call.before.get(name),
                f"train_step changes a global setting: {name}",
                "leave global settings and seeds as they are; other code depends on them",
            )
        for name in ("random", "numpy", "torch"):
            expect(
                only_drawn(call.before.get(name), call.after.get(name)),
                f"train_step sets the state of a global generator, that of {name}",
                "draw from a generator as it is: no seed() or manual_seed() in a function, with or "
                "without a number; a generator of your own is made once, outside",
            )


SETTINGS = (
    "grad mode",
    "default dtype",
    "default device",
    "anomaly mode",
    "deterministic algorithms",
    "cudnn.deterministic",
    "cudnn.benchmark",
    "float32 matmul precision",
    "number of threads",
    "seed of torch",
    "numpy error handling",
)


@pytest.mark.graded(
    line="clean", weight=1, after=["returns_the_loss", "gold_inputs_are_aligned"], on_crash=CRASH
)
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """With the model and the batch on a GPU, the step is made there, and the model stays there."""
    weights, batch = draw_case(generator, [4, 2, 3])
    steps = [step_of(batch, teacher_forcing_ratio=ratio, clip=0.5) for ratio in (1.0, 0.0, 0.5)]
    report = student.train_step_on(weights=weights, ids=IDS, steps=steps)
    expect_at_home(report, "train_step", record_property)
