"""Hidden checks of `train_step`."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from autograder.checks.expect import Wrong, close, expect
from autograder.suites.seq2seq.checks.losses import expect_loss
from autograder.suites.seq2seq.checks.steps import (
    CRASH,
    Gradients,
    Seen,
    expect_batch_unchanged,
    flattened,
    predictions,
    train,
)
from autograder.suites.seq2seq.checks.test_teacher_forcing import (
    expect_gold_inputs,
    expect_one_update,
    expect_predicted_inputs,
)
from autograder.suites.seq2seq.oracles import (
    Batch,
    draw_batch,
    draw_weights,
    free_run,
    switches,
    train_steps,
)

V, H = 11, 4
IDS = {"pad_id": 6, "bos_id": 2, "eos_id": 9}
HUGE = 1e6  # a clip that never acts


def step_of(batch: Batch, **terms: float) -> dict[str, Any]:
    """The keyword arguments of train_step."""
    names = ("source", "source_lengths", "target")
    return {**{name: getattr(batch, name) for name in names}, **terms}


def draw_free_running(generator: torch.Generator) -> tuple[Gradients, Batch]:
    """Draw until, left to itself, the toy says EOS early, mostly not gold, never nearly tied."""
    for _ in range(500):  # one in about ten will do
        weights, batch = draw_weights(generator, V, H), draw_batch(generator, V, IDS, [5, 2, 6, 4])
        weights["bias"][IDS["eos_id"]] += 1.5
        said, margin = free_run(weights, batch)
        early = (said[:-2] == IDS["eos_id"]).any(0)  # (batch,)
        other = (said != batch.target.T[1:]).float().mean()
        varied = len(set(said.flatten().tolist())) > 3
        if bool(early.sum() >= 2) and other > 0.6 and varied and margin > 1e-2:
            break
    return weights, batch


@pytest.mark.graded(weight=2, needs=["returns_the_loss"], on_crash=CRASH)
def test_loss_is_a_mean_over_tokens(student: Any, generator: torch.Generator) -> None:
    """The loss is the mean over the batch's tokens, whatever the lengths and the special ids."""
    ids_of = ((6, 2, 9), (1, 0, 2), (10, 9, 0))
    for counts, numbers in zip(([5, 1, 3], [0, 4], [2, 7, 0, 6, 1]), ids_of, strict=True):
        ids = dict(zip(("pad_id", "bos_id", "eos_id"), numbers, strict=True))
        batch = draw_batch(generator, V, ids, counts)
        weights = draw_weights(generator, V, H)
        steps = [step_of(batch), step_of(batch, teacher_forcing_ratio=0.0)]
        for call in train(student, weights=weights, ids=ids, steps=steps):
            expect_loss(call, batch.target, ids["pad_id"], ids["eos_id"])


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_gold_inputs_are_aligned(student: Any, generator: torch.Generator) -> None:
    """With ratio 1, the default, step t reads target[:, t - 1], in every call."""
    batches = [draw_batch(generator, V, IDS, counts) for counts in ([5, 1, 3], [0, 4], [6, 6])]
    steps = [step_of(batch) for batch in batches for _ in range(2)]
    for call, step in zip(
        train(student, weights=draw_weights(generator, V, H), ids=IDS, steps=steps),
        steps,
        strict=True,
    ):
        expect_gold_inputs(call, step["target"])


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_runs_free_past_eos(student: Any, generator: torch.Generator) -> None:
    """With ratio 0 the decoder reads its own argmax at every step, also after a predicted EOS."""
    for seed in range(2):
        weights, batch = draw_free_running(generator)
        steps = [step_of(batch, teacher_forcing_ratio=0.0)] * 2
        calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0, seed=seed)
        for call in calls:
            explain_free_run(call)
            expect_predicted_inputs(call, batch.target)


def explain_free_run(call: Seen) -> None:
    """Say so if inputs leave the predictions only once EOS has been predicted."""
    said, now = predictions(call)[:-1], call.inputs[1:]  # (steps - 1, batch)
    ended = (said == IDS["eos_id"]).cumsum(0) > 0  # from the step on that follows EOS
    if not torch.equal(now, said) and bool((now == said)[~ended].all()):
        raise Wrong(
            "after a predicted EOS the decoder is not fed its own predictions any more",
            "in training nothing special happens after a predicted EOS",
        )


@pytest.mark.graded(
    weight=2, needs=["gold_inputs_are_aligned", "runs_free_past_eos"], on_crash=CRASH
)
def test_coins_are_fresh_and_fair(student: Any, generator: torch.Generator) -> None:
    """Each step's input is gold with probability teacher_forcing_ratio, independently."""
    ratio, count = 0.75, 8
    batch = draw_batch(generator, V, IDS, [50, 50, 50])
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


def expect_coins(series: list[list[bool]], ratio: float) -> None:
    """Check the share of gold inputs and that neighbours are independent, beyond 6 sigma."""
    total = sum(map(len, series))
    share = sum(map(sum, series)) / total
    mixed = sum(0 < sum(row) < len(row) for row in series) / len(series)
    expect(
        mixed > 0.5,
        "a whole sentence is either all gold or all predicted",
        "toss a coin in the loop, at every step, not once before it",
    )
    expect(
        abs(share - (1 - ratio)) > 0.14,
        "the share of gold inputs is 1 - teacher_forcing_ratio",
        "the ratio is the probability of the gold token: random() < ratio means gold",
    )
    expect(
        abs(share - ratio) < 0.14,
        "the share of gold inputs is not teacher_forcing_ratio",
        "random.random() < teacher_forcing_ratio, once a step, and nothing else decides",
    )
    rate = sum(map(switches, series)) / total
    expect(
        abs(rate - 2 * ratio * (1 - ratio)) < 0.2,
        "one step's coin depends on the last one's",
        "toss a fresh coin at every step",
    )


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_the_whole_state_is_handed_on(student: Any, generator: torch.Generator) -> None:
    """The encoder gets source and lengths; its state goes on to the decoder, step after step."""
    batch = draw_batch(generator, V, IDS, [5, 2, 4])
    ratios = (1.0, 0.0)
    steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in ratios]
    for call in train(student, weights=draw_weights(generator, V, H), ids=IDS, steps=steps):
        given = call.encoder[0]
        expect(
            equal(given.get("source"), batch.source),
            "the encoder is not given source as it is",
            "pass source on unchanged",
        )
        expect(
            equal(given.get("lengths"), batch.source_lengths),
            "the encoder is not given source_lengths",
            "do not work lengths out from padding, and pass them on unchanged",
        )
        expect_handed_on(call)


def expect_handed_on(call: Seen) -> None:
    """Follow the state from the encoder through all decoder calls."""
    old = call.encoder[0]
    first = call.decoder[0]
    expect(
        not (equal(first.get("h"), old.get("c")) and equal(first.get("c"), old.get("h"))),
        "h and c are swapped between encoder and decoder",
        "the encoder returns outputs, (h, c): hand the pair on as it is",
    )
    expect(
        equal(first.get("h"), old.get("h")) and equal(first.get("c"), old.get("c")),
        "the decoder does not start from the encoder's state",
        "hand (h, c) of all layers on unchanged: no zeros, no top layer alone, no h in place of c",
    )
    for step, (last, call_now) in enumerate(zip(call.decoder, call.decoder[1:], strict=False)):
        goes_on = all(equal(call_now.get(n), last.get(f"new_{n}")) for n in ("h", "c"))
        stays = step == 0 and all(equal(call_now.get(n), last.get(n)) for n in ("h", "c"))
        expect(
            not stays,
            "the decoder's state never advances: every step starts from the encoder's state",
            "logits, state = model.decoder(previous, state): keep the state that comes back",
        )
        expect(
            goes_on,
            "a step does not go on from the state the step before returned",
            "logits, state = model.decoder(previous, state), with nothing done to state",
        )


def equal(value: Any, tensor: Any) -> bool:
    """Whether two values are equal tensors."""
    return isinstance(value, Tensor) and isinstance(tensor, Tensor) and torch.equal(value, tensor)


@pytest.mark.graded(weight=2, needs=["returns_the_loss"], on_crash=CRASH)
def test_clips_the_global_norm(student: Any, generator: torch.Generator) -> None:
    """Gradients are scaled down to the global norm `clip`, and left alone below it."""
    batch, weights = draw_batch(generator, V, IDS, [4, 1, 6]), draw_weights(generator, V, H)
    free = train(student, weights=weights, ids=IDS, steps=[step_of(batch, clip=HUGE)])
    expect_one_update(free)
    raw = free[0].updates[0]
    norm = flattened(raw).norm().item()
    expect(norm > 1e-3, "at optimizer.step() there are no gradients", "backward comes before step")
    steps = [step_of(batch, clip=factor * norm) for factor in (0.4, 3.0)]
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    clipped, loose = (call.updates[0] for call in calls)
    explain_clip(raw, clipped, 0.4 * norm)
    expect(
        close(flattened(loose), flattened(raw), atol=1e-4 * norm, rtol=1e-3),
        "gradients whose norm is below clip are changed",
        "clip scales gradients down, never up: the factor is at most 1",
    )


def explain_clip(raw: Gradients, clipped: Gradients, clip: float) -> None:
    """Compare clipped gradients with the raw ones scaled, and name a known other clip."""
    norm, after = flattened(raw).norm().item(), flattened(clipped)
    if close(after, flattened(raw) * clip / norm, atol=1e-4 * norm, rtol=1e-3):
        return
    expect(
        not close(after, flattened(raw), atol=1e-5 * norm, rtol=1e-4),
        "at optimizer.step() the gradients are not clipped",
        "clip between backward and step; after step it is too late, before backward too early",
    )
    expect(
        not close(after, flattened(raw).clamp(-clip, clip), atol=1e-5 * norm, rtol=1e-4),
        "gradients are clipped by value, not by norm",
        "clip_grad_norm_, not clip_grad_value_",
    )
    fixed = abs(after.norm().item() - 1.0) < 1e-3
    expect(not fixed, "gradients are clipped to 1, whatever clip is", "use the argument clip")
    raise Wrong(
        "clipped gradients are not the raw ones times one common factor with global norm clip",
        "one clip_grad_norm_(model.parameters(), clip) for all parameters together: not for each "
        "parameter, not encoder and decoder apart",
    )


@pytest.mark.graded(weight=2, needs=["loss_is_a_mean_over_tokens"], on_crash=CRASH)
def test_gradients_reach_every_weight(student: Any, generator: torch.Generator) -> None:
    """Backward runs through all steps, back into the encoder, with gold and predicted inputs."""
    weights, batch = draw_free_running(generator)
    for ratio, gold in ((1.0, True), (0.0, False)):
        step = step_of(batch, teacher_forcing_ratio=ratio, clip=HUGE)
        call = train(student, weights=weights, ids=IDS, steps=[step])[0]
        expect_one_update([call])
        found = call.updates[0]
        right = next(train_steps(weights, [batch], IDS["pad_id"], [HUGE], [gold], "SGD", 0.1))
        expect(
            bool(flattened(found, "encoder").any()),
            "no gradient arrives at the encoder",
            "the state is handed to the decoder with its graph: no detach(), no torch.no_grad()",
        )
        expect(
            close(flattened(found), flattened(right.gradients), atol=1e-4, rtol=1e-3),
            "the gradients at optimizer.step() are not those of the loss",
            "one backward from the mean over tokens, through all steps: no .detach() or .item() "
            "on states or logits, and gradients zeroed before backward",
        )


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_gradients_do_not_accumulate(student: Any, generator: torch.Generator) -> None:
    """Gradients of earlier calls do not leak into later ones."""
    batches = [draw_batch(generator, V, IDS, counts) for counts in ([5, 2], [1, 6])]
    steps = [step_of(batches[i], clip=HUGE) for i in (0, 1, 0, 1)]
    weights = draw_weights(generator, V, H)
    calls = train(student, weights=weights, ids=IDS, steps=steps, learning_rate=0.0)
    expect_one_update(calls)
    vectors = [flattened(call.updates[0]) for call in calls]
    expect(
        close(vectors[2], vectors[0], atol=1e-4) and close(vectors[3], vectors[1], atol=1e-4),
        "with the same batch and the same weights a later call has other gradients",
        "call optimizer.zero_grad() once in every call, before backward or after step",
    )
    expect(not close(vectors[0], vectors[1], atol=1e-3), "all batches give the same gradients")


@pytest.mark.graded(weight=2, needs=["loss_is_a_mean_over_tokens"], on_crash=CRASH)
def test_weights_after_four_updates(student: Any, generator: torch.Generator) -> None:
    """After four updates, loss and weights are where the contract's training takes them."""
    for optimizer, rate in (("SGD", 0.2), ("Adam", 0.01)):
        weights, _ = draw_free_running(generator)
        counts = ([4, 2], [1, 5], [3, 3], [0, 4])
        batches = [draw_batch(generator, V, IDS, count) for count in counts]
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
                "return the loss that backward started from; one update a call",
            )
            found = flattened(call.weights)
            expect(
                close(found, flattened(expected.weights), atol=2e-3, rtol=1e-3),
                f"after {number} updates the weights are not where they should be",
                "zero_grad, backward, clip, step: once each and in this order, in every call",
            )


@pytest.mark.graded(weight=1, needs=["returns_the_loss"], on_crash=CRASH)
def test_sets_train_mode_itself(student: Any, generator: torch.Generator) -> None:
    """Encoder and decoder run in train mode in every call, whatever mode they were left in."""
    weights, batch = draw_weights(generator, V, H), draw_batch(generator, V, IDS, [3, 2])
    for training in (False, True):
        steps = [step_of(batch, teacher_forcing_ratio=ratio) for ratio in (1.0, 0.0)]
        for call in train(student, weights=weights, ids=IDS, steps=steps, training=training):
            flags = [part.get("training") for part in (*call.encoder, *call.decoder)]
            expect(
                all(flag is True for flag in flags),
                "a part of the step runs in eval mode",
                "call model.train() at the start of train_step, and model.eval() nowhere in it",
            )


@pytest.mark.graded(weight=1, needs=["loss_by_hand", "ratio_1_feeds_gold"], on_crash=CRASH)
def test_changes_nothing_else(student: Any, generator: torch.Generator) -> None:
    """The batch's tensors and torch's global settings are the same before and after."""
    weights, batch = draw_weights(generator, V, H), draw_batch(generator, V, IDS, [3, 5, 1])
    step = step_of(batch, teacher_forcing_ratio=0.5)
    one, two = train(student, weights=weights, ids=IDS, steps=[step] * 2, seed=19)
    for call in (one, two):
        expect_batch_unchanged(call, step)
        for name in SETTINGS:
            expect(
                call.after.get(name) == call.before.get(name),
                f"train_step changes a global setting: {name}",
                "leave global settings and seeds as they are; other code depends on them",
            )
    for name in ("torch generator", "random generator", "numpy generator"):
        reseeded = one.after.get(name) == two.after.get(name) != one.before.get(name)
        expect(
            not reseeded,
            f"train_step seeds the global {name} anew in every call",
            "do not call manual_seed or seed inside a function: every call would toss the same "
            "coins",
        )


SETTINGS = (
    "grad mode",
    "default dtype",
    "anomaly mode",
    "deterministic algorithms",
    "torch.initial_seed",
)
