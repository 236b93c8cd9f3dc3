"""What the decoder reads in a training step: gold tokens, or its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from checks.closed import is_hidden
from checks.expect import Wrong, expect, mended

from .steps import Seen, expect_batch_unchanged, predictions

EXACT = (
    "the coin chooses the gold token with probability teacher_forcing_ratio: always at 1, never "
    "at 0, at every step alike. random.random() < teacher_forcing_ratio does so; what is rounded "
    "does not, nor does randint(0, 100), which has 101 outcomes"
)
MANY_TOSSES = 200  # so many show how often a coin that is not exact falls to the wrong side
UNFAIR, INEXACT, NEARLY = 0.95, 0.42, 0.22  # what it costs by how often: half the time, 5 %, 1 %


def times(one: Tensor, of: Tensor) -> str:
    """How often one of two things happened where they differ, in words."""
    wrong, tosses = int(one.sum()), int(of.sum())
    if not is_hidden():
        return f"{wrong} of {tosses} times"
    if wrong > 0.3 * tosses:
        return "often"
    return "rarely" if wrong < 0.03 * tosses else "now and then"


def price(one: Tensor, of: Tensor) -> float:
    """What a coin costs that falls to the wrong side so often."""
    wrong, tosses = int(one.sum()), int(of.sum())
    if wrong > 0.3 * tosses and wrong > 4:
        return UNFAIR
    return INEXACT if tosses >= MANY_TOSSES and wrong > 0.025 * tosses else NEARLY


def expect_first_input(call: Seen) -> bool:
    """Whether the first input is BOS, the target's first column."""
    bos = call.target[:, 0]
    if torch.equal(call.inputs[0], bos):
        return True
    mended(
        "the decoder's first input is not target[:, 0], which is BOS",
        "start with previous = target[:, 0], for any ratio",
        line="inputs",
        share=0.65,
    )
    return False


def expect_gold_inputs(call: Seen, step: dict[str, Any]) -> None:
    """Compare the decoder's inputs with the target, all but its last column."""
    gold = step["target"].T[: len(call.inputs)]  # (steps, batch)
    if torch.equal(call.inputs, gold) and call.whole:
        return
    expect_batch_unchanged(call, step)
    if not call.whole and torch.equal(call.inputs, call.target.T[1 : len(gold) + 1]):
        gold = call.target.T[1 : len(gold) + 1]  # it began a word late, which is charged as steps
    expect_first_input(call)
    now, words, said = call.inputs[1:], gold[1:], predictions(call)[:-1]
    changed = call.batch.get("target")
    if torch.equal(now, words):
        return
    if isinstance(changed, Tensor) and torch.equal(now, changed.T[1 : len(gold)]):
        return  # the batch was changed, which is charged as such
    if torch.equal(now, gold[:-1]):
        raise Wrong(
            "the decoder reads BOS twice",
            "start the loop at t = 1: step t's input is target[:, t - 1], and target[:, t] is "
            "what it is scored against",
            line="inputs",
            share=0.65,
        )
    if ahead(call):
        raise Wrong(
            "with ratio 1 the decoder's inputs are not the gold tokens in order: it reads the very "
            "token that it is to predict",
            "after step t, previous = target[:, t]",
            line="inputs",
            share=1.0,
        )
    if torch.equal(now, said):
        raise Wrong(
            "with ratio 1 the decoder reads its own predictions",
            "teacher_forcing_ratio is the probability of the gold token, not of the prediction",
            line="ratio",
            share=UNFAIR,
        )
    if bool(((now == words) | (now == said)).all()):
        wrong, telling = now != words, said != words
        often = times(wrong, telling)
        raise Wrong(
            f"with ratio 1 the decoder sometimes reads its own predictions, {often}",
            EXACT,
            line="ratio",
            share=price(wrong, telling),
        )
    late = torch.equal(now[1:], words[:-1])
    expect(
        not late,
        "with ratio 1 the decoder reads each gold token a step too late",
        "after step t, previous = target[:, t]",
        line="inputs",
        share=0.9,
    )
    wrong = now != words
    if int(wrong.sum()) < 0.7 * wrong.numel():
        often = times(wrong, torch.ones_like(wrong))
        raise Wrong(
            f"with ratio 1 the decoder sometimes reads something else than gold tokens, {often}",
            EXACT,
            line="ratio",
            share=price(wrong, torch.ones_like(wrong)),
        )
    raise Wrong(
        "with ratio 1 the decoder's inputs are not the gold tokens in order",
        "after step t, previous = target[:, t]",
    )


def ahead(call: Seen) -> bool:
    """Whether each gold input is the token that the step is to predict."""
    now, next_ones = call.inputs[1:-1], call.gold[1:-1]
    return len(now) > 0 and torch.equal(now, next_ones)


def expect_int64(call: Seen) -> None:
    """The decoder's inputs are ids as every other."""
    if call.dtypes != {torch.int64}:
        mended(
            "the decoder's inputs are not all int64",
            "ids are int64, as argmax returns them: no other dtype is needed",
            line="ratio",
            share=0.1,
        )


def expect_predicted_inputs(call: Seen) -> None:
    """Compare the decoder's inputs after BOS with its own argmax one step before."""
    expect_first_input(call)
    expect_int64(call)
    now, said = call.inputs[1:], predictions(call)[:-1]  # (steps - 1, batch)
    if torch.equal(now, said):
        return
    gold = call.gold[:-1]
    changed = call.batch.get("target")
    if not torch.equal(now, gold) and isinstance(changed, Tensor):
        same = changed.shape == call.target.shape and not torch.equal(changed, call.target)
        gold = changed.T[1 : len(call.inputs)] if same else gold
    if torch.equal(now, gold):
        raise Wrong(
            "with ratio 0 the decoder still reads the gold tokens",
            "teacher_forcing_ratio is the probability of the gold token; without it the next input "
            "is this step's argmax",
            line="ratio",
            share=UNFAIR,
        )
    wrong, telling = now != said, said != gold
    if bool(((now == said) | (now == gold)).all()):
        first = wrong.clone()
        first[0] = False
        expect(
            bool(first.any()),
            f"with ratio 0 the decoder sometimes reads gold tokens, {times(wrong, telling)}: the "
            "first word always",
            EXACT,
            line="ratio",
            share=0.34,
        )
        raise Wrong(
            f"with ratio 0 the decoder sometimes reads gold tokens, {times(wrong, telling)}",
            EXACT,
            line="ratio",
            share=price(wrong, telling),
        )
    explain_own_words(call, gold)


def explain_own_words(call: Seen, gold: Tensor) -> None:
    """Name the word that is read in place of the argmax, and what that costs."""
    now, said = call.inputs[1:], predictions(call)[:-1]  # (steps - 1, batch)
    B, logits = now.shape[1], call.logits[:-1]
    rationale = "with ratio 0 the decoder's next input is not the argmax of this step's logits"
    stale = torch.cat([call.inputs[:1], said[:-1]])
    across = logits.argmax(1)[:, :B] if logits.shape[2] >= B else said
    second = logits.topk(2, 2).indices[..., 1]
    ahead_of_gold = call.gold[1:]
    for words, says, help, share in (
        (stale, "it is that of the step before", "previous = logits.argmax(dim=1)", 0.68),
        (
            across,
            "it is taken over the batch, not over the vocabulary",
            "previous = logits.argmax(dim=1): dimension 0 is the batch",
            0.8,
        ),
        (second, "it is the second best", "previous = logits.argmax(dim=1)", 0.57),
        (
            ahead_of_gold,
            "it is a gold token",
            "teacher_forcing_ratio is the probability of the gold token",
            UNFAIR,
        ),
    ):
        if torch.equal(now, words):
            raise Wrong(f"{rationale}: {says}", help, line="ratio", share=share)
    raise Wrong(
        rationale,
        "previous = logits.argmax(dim=1): no sampling, no special case after a predicted EOS or "
        "where the target is PAD",
        line="ratio",
        share=0.7 if bool((now == now[:1]).all()) else 0.48,
    )
