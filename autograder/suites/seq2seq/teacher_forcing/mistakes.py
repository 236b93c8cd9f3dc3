"""What a training step did wrong, named by how it fed the decoder."""

from __future__ import annotations

from torch import Tensor

from checks.expect import expect
from checks.seq2seq.teacher_forcing.steps import Seen, predictions

from .cases import IDS
from .oracle import switches


def explain_free_run(call: Seen, target: Tensor) -> None:
    """Say so if inputs leave the predictions only after EOS, or only at PAD and BOS."""
    said, now = predictions(call)[:-1], call.inputs[1:]  # (steps - 1, batch)
    own = now == said
    if bool(own.all()):
        return
    telling = said != target.T[1:-1]  # where a gold input would be another
    ended = (said == IDS["eos_id"]).cumsum(0) > 0  # from the step on that follows EOS
    expect(
        not (bool(own[~ended].all()) and bool((telling & ~ended).any())),
        "after a predicted EOS the decoder is not fed its own predictions any more",
        "in training nothing special happens after a predicted EOS",
    )
    special = (said == IDS["pad_id"]) | (said == IDS["bos_id"])
    expect(
        not (bool(own[~special].all()) and bool((telling & ~special).any())),
        "where PAD or BOS is the argmax, the decoder is fed something else",
        "argmax runs over all ids: no token is banned in training",
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
    rate = sum(map(switches, series)) / total
    expect(
        abs(rate - 2 * ratio * (1 - ratio)) < 0.2,
        "one step's coin depends on the last one's",
        "toss a fresh coin at every step",
    )
    expect(
        abs(share - ratio) < 0.14,
        "the share of gold inputs is not teacher_forcing_ratio",
        "random.random() < teacher_forcing_ratio, once a step, and nothing else decides",
    )
