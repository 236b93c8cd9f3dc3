"""What a training step did wrong, named by how it fed the decoder, and what that costs."""

from __future__ import annotations

from checks.expect import expect
from checks.seq2seq.teacher_forcing.steps import Seen, predictions

from .cases import IDS
from .oracle import switches


def explain_free_run(call: Seen) -> None:
    """Say so if inputs leave the predictions only after EOS, or only at PAD and BOS."""
    said, now = predictions(call)[:-1], call.inputs[1:]  # (steps - 1, batch)
    own = now == said
    if bool(own.all()):
        return
    gold = call.gold[:-1]
    telling = said != gold  # where a gold input would be another
    ended = (said == IDS["eos_id"]).cumsum(0) > 0  # from the step on that follows EOS
    expect(
        not (bool(own[~ended].all()) and bool((telling & ~ended).any())),
        "after a predicted EOS the decoder is not fed its own predictions any more",
        "in training nothing special happens after a predicted EOS",
        line="ratio",
        share=0.38,
    )
    special = (said == IDS["pad_id"]) | (said == IDS["bos_id"])
    expect(
        not (bool(own[~special].all()) and bool((telling & ~special).any())),
        "where PAD or BOS is the argmax, the decoder is fed something else",
        "argmax runs over all ids: no token is banned in training",
        line="ratio",
        share=0.25,
    )
    padded = gold == IDS["pad_id"]
    expect(
        not (bool(own[~padded].all()) and bool((telling & ~padded).any())),
        "with ratio 0 the decoder's next input is not the argmax where the gold token is PAD",
        "no special case where the target is PAD: nothing is scored there",
        line="ratio",
        share=0.08,
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
        line="ratio",
        share=0.48,
    )
    rate = sum(map(switches, series)) / total
    expect(
        abs(rate - 2 * ratio * (1 - ratio)) < 0.2,
        "one step's coin depends on the last one's",
        "toss a new coin at every step",
        line="ratio",
        share=0.4,
    )
    expect(
        abs(share - ratio) < 0.14,
        "the share of gold inputs is not teacher_forcing_ratio",
        "random.random() < teacher_forcing_ratio, once for each step, and nothing else decides",
        line="ratio",
        share=0.35,
    )
