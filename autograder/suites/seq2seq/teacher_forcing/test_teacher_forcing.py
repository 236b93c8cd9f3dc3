"""Hidden checks of `train_step`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from checks.closed import own
from checks.expect import Wrong, close, expect, mended
from checks.seq2seq.probed import Probed
from checks.seq2seq.teacher_forcing.inputs import (
    ahead,
    expect_gold_inputs,
    expect_predicted_inputs,
)
from checks.seq2seq.teacher_forcing.kinds import TRUE, Ids
from checks.seq2seq.teacher_forcing.losses import (
    expect_loss,
    has_added,
    kind_of,
    trained_on,
)
from checks.seq2seq.teacher_forcing.steps import (
    CRASH,
    Gradients,
    Seen,
    advance_of,
    equal,
    expect_at_home,
    expect_batch_unchanged,
    expect_clipped,
    expect_default_clip,
    expect_fresh_gradients,
    expect_gradients,
    expect_handed_on,
    expect_one_update,
    expect_train_mode,
    flattened,
    has_gradients,
    parallel_to,
    predictions,
    start_of,
    train,
)

from ..shared.indifference import expect_heed, parts
from .cases import (
    EXTREME_SEED,
    EXTREME_TOSSES,
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
from .oracle import OPTIMIZERS, draw_weights, replay
from .randomness import only_drawn

LOSS_IDS = Ids(IDS["pad_id"], IDS["eos_id"])


@pytest.mark.graded(line="result", weight=0, on_crash=CRASH)
def test_heeds_model_and_batch(student: Probed, generator: torch.Generator) -> None:
    """Another model with another batch gives another loss, or is trained otherwise."""
    cases = [draw_case(generator, [4, 2]), draw_case(generator, [4, 2])]
    reports = [
        student.train(weights=weights, ids=IDS, steps=[step_of(batch)]) for weights, batch in cases
    ]
    seen = [
        [parts(call, "loss", "decoder", "updates", "left") for call in report]
        if isinstance(report, list)
        else report
        for report in reports
    ]
    expect_heed(seen, "run encoder and decoder on the batch, take the loss, and learn from it")


@pytest.mark.graded(line="loss", weight=2, after=["returns_the_loss"], on_crash=CRASH)
def test_loss_is_a_mean_over_tokens(student: Probed, generator: torch.Generator) -> None:
    """The loss is the mean over the batch's tokens, whatever the lengths and the special ids."""
    ids_of = ((6, 2, 9), (0, 1, 2), (10, 9, 0))
    for counts, numbers in zip(([5, 1, 3], [0, 4, 3], [2, 7, 0, 6, 1]), ids_of, strict=True):
        ids = dict(zip(("pad_id", "bos_id", "eos_id"), numbers, strict=True))
        weights, batch = draw_loss_case(generator, counts, ids)
        steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
        asked = {"weights": weights, "ids": ids, "steps": steps, "learning_rate": 0.0}
        for call in train(student, forced=True, **asked):
            expect_loss(call, ids["pad_id"], ids["eos_id"])


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
        explain_free_run(call)
        expect_predicted_inputs(call)


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
    if not all(call.whole for call in calls):
        return  # too few tosses to tell; that steps are left out is charged already
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
        "the coins are the same in every call",
        "seed a generator once, outside train_step, if at all",
        share=0.37,
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
            expect(
                kind_of(call, LOSS_IDS) is not None or call.loss is None,
                "the loss of a single row is no mean over its tokens",
            )
        expect_gold_inputs(calls[0], steps[0])
        expect_predicted_inputs(calls[1])


@pytest.mark.graded(line="steps", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_the_whole_state_is_handed_on(student: Probed, generator: torch.Generator) -> None:
    """The encoder gets source and lengths; its state goes on to the decoder, step after step."""
    weights, batch = draw_unsorted(generator)
    steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
    for call in train(student, forced=True, weights=weights, ids=IDS, steps=steps):
        expect_batch_handed_on(call, batch.source, batch.source_lengths)
        expect_handed_on(call)


def expect_batch_handed_on(call: Seen, source: Tensor, lengths: Tensor) -> None:
    """Compare what the encoder was given with what train_step was."""
    given = call.encoder.get("source")
    if not equal(given, source):
        reordered = isinstance(given, Tensor) and sorted(given.tolist()) == sorted(source.tolist())
        if reordered:
            mended(
                "the encoder gets the rows of source in another order than target's",
                "lengths come in any order: pass source and source_lengths on as they are",
                line="steps",
                share=1.0,
            )
            return
        mended(
            "the encoder is not given source as it is",
            "pass source on unchanged",
            line="steps",
            share=0.77,
        )
    if not equal(call.encoder.get("lengths"), lengths):
        mended(
            "the encoder is not given source_lengths",
            "pass source_lengths on unchanged: at padded positions any id may stand, so lengths "
            "cannot be counted from pad_id",
            line="steps",
            share=0.45,
        )


@pytest.mark.graded(
    line="update",
    weight=1,
    after=["gold_inputs_are_aligned"],
    on_crash=CRASH,
    stays="names gradients of earlier calls, where others see only their sum",
)
def test_gradients_do_not_accumulate(student: Probed, generator: torch.Generator) -> None:
    """Gradients of earlier calls do not leak into later ones."""
    (weights, one), (_, two) = (draw_case(generator, counts) for counts in ([5, 2], [1, 6]))
    steps = [step_of(batch) for batch in (one, two, one, two)]
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    for call in calls:
        expect_gradients(call)
    alike = [torch.equal(calls[i].inputs, calls[i + 2].inputs) for i in (0, 1)]
    for i in (0, 1):
        if alike[i]:
            expect_fresh_gradients(calls[i], calls[i + 2])
    vectors = [flattened(call.gradients) for call in calls]
    expect(not close(vectors[0], vectors[1], atol=1e-3), "all batches give the same gradients")


SHARE = 0.05  # of the norm that is left: so little that a clip of any kind acts


@pytest.mark.graded(line="update", weight=2, after=["gradients_do_not_accumulate"], on_crash=CRASH)
def test_clips_the_global_norm(student: Probed, generator: torch.Generator) -> None:
    """Gradients are scaled down to the global norm `clip`, and are not changed below it."""
    weights, batch = draw_case(generator, [4, 1, 6])
    free = train(student, weights=weights, ids=IDS, steps=[step_of(batch)])
    expect_one_update(free)
    expect_gradients(free[0])
    raw = free[0].gradients
    norm = flattened(raw).norm().item()
    steps = [step_of(batch, clip=factor * norm) for factor in (SHARE, 3.0)]
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    if not all(torch.equal(call.inputs, free[0].inputs) for call in calls):
        return  # chance decides here, which is charged already
    tight, wide = calls
    clipped = tight.gradients if has_gradients(tight) else raw
    loose = flattened(wide.gradients if has_gradients(wide) else raw)
    kept = flattened(raw) + flattened(clipped)  # if the first call's are added, told elsewhere
    alike = [close(loose, wanted, atol=1e-4 * norm, rtol=1e-3) for wanted in (flattened(raw), kept)]
    if not any(alike) and not expect_fresh_gradients_of(raw, wide):
        mended(
            "gradients whose norm is below clip are changed",
            "clip scales gradients down, never up: the factor is at most 1",
            line="update",
            share=0.43,
        )
    expect_clipped(raw, clipped, SHARE * norm)


def expect_fresh_gradients_of(raw: Gradients, call: Seen) -> bool:
    """Whether only one part of the gradients is as it was: what the other keeps, told elsewhere."""
    parts = [(flattened(raw, part), flattened(call.gradients, part)) for part in PARTS]
    return sum(close(one, other, atol=1e-4) for one, other in parts) == 1


PARTS = ("encoder", "decoder")


@pytest.mark.graded(
    line="update",
    weight=1,
    after=["gold_inputs_are_aligned", "clips_the_global_norm"],
    on_crash=CRASH,
)
def test_defaults_are_one(student: Probed, generator: torch.Generator) -> None:
    """If they are not given, teacher_forcing_ratio and clip are 1."""
    weights, batch = draw_steep(generator, [20, 3], least=1.5)
    steps = [step_of(batch, clip=1.0), tensors_of(batch)]
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    named, default = calls
    expect(
        torch.equal(default.inputs, named.inputs),
        "without teacher_forcing_ratio the decoder does not read the gold tokens",
        "keep the defaults of the contract: teacher_forcing_ratio=1.0, clip=1.0",
        line="ratio",
        share=0.2,
    )
    if not (has_gradients(named) and has_gradients(default)):
        return  # charged already
    one, other = flattened(named.gradients), flattened(default.gradients)
    if close(other, one, atol=1e-4, rtol=1e-3) or parallel_to(other - one, one):
        return
    expect_default_clip(named.gradients, default.gradients)


@pytest.mark.graded(
    line="steps",
    weight=2,
    after=["loss_is_a_mean_over_tokens", "the_whole_state_is_handed_on"],
    on_crash=CRASH,
)
def test_gradients_reach_every_weight(student: Probed, generator: torch.Generator) -> None:
    """Backward runs through all steps, back into the encoder, with gold and predicted inputs."""
    weights, batch = draw_free_running(generator)
    for ratio in (1.0, 0.0):
        step = step_of(batch, teacher_forcing_ratio=ratio)
        call = train(student, forced=True, weights=weights, ids=IDS, steps=[step])[0]
        expect_one_update([call])
        expect_gradients(call)
        trained = trained_on(call, LOSS_IDS)
        times = abs(trained.times) if trained is not None and trained.kind is TRUE else 1.0
        right = replay(weights, call, kind_of(call, LOSS_IDS) or TRUE, LOSS_IDS)
        expect(
            right is not None and along(call.gradients, right, max(1.0, times)),
            f"with ratio {own(round(ratio))} the gradients at optimizer.step() are not those of "
            "the loss",
            "one backward from the mean over tokens, through all steps: no .detach() or .item() "
            "on states or logits, and gradients zeroed before backward"
            if ratio
            else "only the argmax carries no gradient: no torch.no_grad() or .detach() around "
            "the decoder or its state where it reads its own words",
        )


def along(got: Gradients, right: Gradients, most: float) -> bool:
    """Whether gradients are the right ones, or at most so often these, or a part of them.

    How they are clipped is not asked: all by one factor, each by its own, or number by number.
    """
    whole, wanted = flattened(got), flattened(right)
    scale = float(wanted.norm())
    if not scale or close(whole, wanted, atol=1e-4 * scale, rtol=1e-3):
        return bool(scale)
    largest = float(whole.abs().max())
    if close(whole, wanted.clamp(-largest, largest), atol=1e-4 * scale, rtol=1e-3):
        return True
    norm, limit = float(whole.norm()), 1e3  # what is scaled up so far is clipped from below
    return all(
        parallel_to(got[name], right[name], 0.999)
        and (norm > limit or float(got[name].norm()) < 1.001 * most * float(right[name].norm()))
        for name in right
        if float(right[name].norm()) > 1e-4 * scale
    )


@pytest.mark.graded(
    line="update",
    weight=2,
    after=["gradients_do_not_accumulate", "clips_the_global_norm"],
    on_crash=CRASH,
)
def test_weights_after_four_updates(student: Probed, generator: torch.Generator) -> None:
    """Each of four updates is the optimizer's, once, with this call's gradients alone."""
    for optimizer, rate in (("SGD", 0.2), ("Adam", 0.01)):
        weights, _ = draw_free_running(generator)
        counts = ([4, 2], [1, 5], [3, 3], [0, 4])
        steps = [step_of(draw_words(generator, count)) for count in counts]
        calls = train(
            student, weights=weights, ids=IDS, steps=steps, optimizer=optimizer, learning_rate=rate
        )
        expect_one_update(calls)
        if not all(len(call.updates) == 1 for call in calls):
            return  # charged already
        expect_own_gradients(calls)
        names = list(calls[0].weights)
        moved = [calls[0].given[name].clone() for name in names]
        rule = OPTIMIZERS[optimizer](rate)
        for number, call in enumerate(calls, 1):
            rule.update(moved, [call.updates[0][name] for name in names])
            got = flattened(call.weights)
            expect(
                close(got, torch.cat([w.flatten() for w in moved]), atol=2e-3, rtol=1e-3),
                f"after {own(number)} updates the weights are not where they should be",
                ORDER,
                guess=True,
            )


ORDER = "zero_grad, backward, clip, step: once each and in this order, in every call"


def expect_own_gradients(calls: list[Seen]) -> None:
    """No call's gradients are added to those of the calls before."""
    if any(has_added(call, LOSS_IDS) for call in calls if has_gradients(call)):
        raise Wrong(
            "a later call's gradients are not those of its own loss alone",
            ORDER,
            line="update",
            share=0.67,
        )


SMALL = 0.01  # weights so small that loss and gradients are: every word is as likely as the next


def one_call(
    student: Probed, generator: torch.Generator, size: float = 1.0
) -> tuple[Gradients, Seen]:
    """A call with gold inputs, and the weights before it, of some size."""
    weights, batch = draw_case(generator, [4, 2, 5])
    weights = {name: weight * size for name, weight in weights.items()}
    step = step_of(batch)
    return weights, train(student, weights=weights, ids=IDS, steps=[step])[0]


@pytest.mark.graded(
    line="update",
    weight=0,
    after=["weights_after_four_updates", "updates_once_with_clipped_gradients"],
)
def test_the_weights_follow_the_loss(student: Probed, generator: torch.Generator) -> None:
    """A call moves the weights, and moves them against the gradients of the loss."""
    weights, call = one_call(student, generator)
    if not bool((flattened(call.weights) - flattened(call.given)).any()):
        weights, call = one_call(student, generator, SMALL)  # some skip what is large
    moved = flattened(call.weights) - flattened(call.given)
    expect(bool(moved.any()), "the weights are the same after a call", ORDER)
    kind = kind_of(call, LOSS_IDS)
    right = replay(weights, call, kind or TRUE, LOSS_IDS)
    if right is not None:  # an optimizer of one's own may go its own way downhill
        follows = parallel_to(-moved, flattened(right), 0.8 if kind is None else 0.2)
        expect(follows, "the weights do not move as the loss says", ORDER)


@pytest.mark.graded(
    line="steps",
    weight=0,
    after=[
        "loss_by_hand",
        "hands_the_state_on",
        "loss_is_a_mean_over_tokens",
        "the_whole_state_is_handed_on",
    ],
)
def test_can_learn_to_translate(student: Probed, generator: torch.Generator) -> None:
    """The model is trained to predict the next word of a translation of this source."""
    _, call = one_call(student, generator)
    kind = kind_of(call, LOSS_IDS)
    expect(
        kind is None or not kind.hopeless,
        "what is trained is not to predict the next word",
    )
    start = start_of(call)
    tied = any((call.decoder[0].get("graph") or [True])[:2])
    expect(
        start != "zero" and (start is not None or tied), "the decoder knows nothing of the source"
    )


@pytest.mark.graded(
    line="steps",
    weight=0,
    after=[
        "ratio_1_feeds_gold",
        "hands_the_state_on",
        "gold_inputs_are_aligned",
        "the_whole_state_is_handed_on",
    ],
)
def test_steps_build_on_those_before(student: Probed, generator: torch.Generator) -> None:
    """Each step knows all words before the word that it predicts, and not that word."""
    _, call = one_call(student, generator)
    expect(advance_of(call) != "none", "a step knows nothing of what was said before")
    expect(not ahead(call), "a step reads the word that it is to predict")


@pytest.mark.graded(line="clean", weight=1, after=["returns_the_loss"], on_crash=CRASH)
def test_sets_train_mode_itself(student: Probed, generator: torch.Generator) -> None:
    """Encoder and decoder run in train mode in every call, whatever mode they were left in."""
    weights, batch = draw_case(generator, [3, 2])
    for training in (False, True):
        steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
        asked = {"weights": weights, "ids": IDS, "steps": steps, "training": training}
        for call in train(student, forced=True, **asked):
            expect_train_mode(call)


@pytest.mark.graded(
    line="clean", weight=1, after=["loss_by_hand", "ratio_1_feeds_gold"], on_crash=CRASH
)
def test_changes_nothing_else(student: Probed, generator: torch.Generator) -> None:
    """The batch and all global settings stay as before; drawing random numbers is allowed."""
    weights, batch = draw_case(generator, [3, 5, 1])
    step = step_of(batch, teacher_forcing_ratio=0.5)
    seed = int(torch.randint(2**31, (1,), generator=generator))
    asked = {"weights": weights, "ids": IDS, "steps": [step] * 2, "seed": seed, "chance": True}
    for call in train(student, forced=True, **asked):
        expect_batch_unchanged(call, step)
        for name in SETTINGS:
            expect(
                call.after.get(name) == call.before.get(name),
                f"train_step changes a global setting: {name}",
                "leave global settings and seeds as they are; other code depends on them",
                line="clean",
                share=SETTINGS[name],
            )
        for name in ("random", "numpy", "torch"):
            expect(
                only_drawn(call.before.get(name), call.after.get(name)),
                f"train_step sets the state of a global generator, that of {name}",
                "draw from a generator as it is: no seed() or manual_seed() in a function, with or "
                "without a number; a generator of your own is made once, outside",
                line="clean",
                share=0.8,
            )


SETTINGS = {  # by what it costs that one is changed
    "grad mode": 1.0,
    "default dtype": 0.9,
    "default device": 0.9,
    "anomaly mode": 0.6,
    "deterministic algorithms": 0.6,
    "cudnn.deterministic": 0.45,
    "cudnn.benchmark": 0.45,
    "float32 matmul precision": 0.45,
    "number of threads": 0.55,
    "seed of torch": 0.9,
    "numpy error handling": 0.5,
}


@pytest.mark.graded(
    line="clean", weight=1, after=["returns_the_loss", "ratio_0_feeds_predictions"], on_crash=CRASH
)
def test_works_on_another_device(
    student: Probed, generator: torch.Generator, record_property: Callable[[str, object], None]
) -> None:
    """With the model and the batch on a GPU, the step is made there, and the model stays there."""
    weights, batch = draw_case(generator, [4, 2, 3])
    steps = [step_of(batch, teacher_forcing_ratio=ratio, clip=0.5) for ratio in (1.0, 0.0, 0.5)]
    report = student.train_step_on(weights=weights, ids=IDS, steps=steps)
    expect_at_home(report, record_property)
