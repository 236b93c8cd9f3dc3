"""What the decoder reads in a training step: gold tokens, or its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from checks.expect import Wrong, expect

from .steps import Seen, expect_batch_unchanged, predictions

EXACT = (
    "the coin falls to the gold token with probability teacher_forcing_ratio: always at 1, never "
    "at 0, at every step alike. random.random() < teacher_forcing_ratio does so; what is rounded "
    "does not, nor does randint(0, 100), which has 101 outcomes"
)


def times(one: Tensor, of: Tensor) -> str:
    """How often one of two things happened where they differ, in words."""
    return f"{int(one.sum())} of {int(of.sum())} times"


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
    said, now = predictions(call)[:-1], call.inputs[1:]
    if bool(((now == gold[1:]) | (now == said)).all()):
        often = times(now != gold[1:], said != gold[1:])
        raise Wrong(f"with ratio 1 the decoder sometimes reads its own predictions, {often}", EXACT)
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
        often = times(now != said, said != gold)
        raise Wrong(f"with ratio 0 the decoder sometimes reads gold tokens, {often}", EXACT)
    raise Wrong(
        "with ratio 0 the decoder's next input is not the argmax of this step's logits",
        "previous = logits.argmax(dim=1): no sampling, no special case after a predicted EOS or "
        "where the target is PAD",
    )
