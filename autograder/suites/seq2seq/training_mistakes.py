"""What a training step did wrong, named by how it fed the decoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.checks.expect import Wrong, expect
from autograder.suites.seq2seq.checks.steps import Seen, predictions
from autograder.suites.seq2seq.oracles import switches
from autograder.suites.seq2seq.training_cases import IDS


def explain_free_run(call: Seen) -> None:
    """Say so if inputs leave the predictions only after EOS, or only at PAD and BOS."""
    said, now = predictions(call)[:-1], call.inputs[1:]  # (steps - 1, batch)
    ended = (said == IDS["eos_id"]).cumsum(0) > 0  # from the step on that follows EOS
    if not torch.equal(now, said) and bool((now == said)[~ended].all()):
        raise Wrong(
            "after a predicted EOS the decoder is not fed its own predictions any more",
            "in training nothing special happens after a predicted EOS",
        )
    special = (said == IDS["pad_id"]) | (said == IDS["bos_id"])
    if bool(special.any()) and not torch.equal(now, said) and bool((now == said)[~special].all()):
        raise Wrong(
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
