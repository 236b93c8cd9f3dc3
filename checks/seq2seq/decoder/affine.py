"""Whether logits are an affine function of the new top-layer h, and of nothing else.

No parameter is looked at: with weights drawn at random, many rows are decoded, and one matrix and
one vector must give the logits of all of them from h. What is common to all words of a row is left
out, so that log-probabilities are logits too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, one_hot

from checks.expect import Wrong, close, expect

from ..probed import Probed
from ..shared.precision import PRECISION
from .decodings import (
    UNREGISTERED,
    Call,
    Decoding,
    decodings,
    draw_call,
    expect_no_probabilities,
    expect_rows_apart,
    expect_steady,
)

ROWS = 64  # far more than there are unknowns, so that nothing else fits by chance
SCALE = 0.7  # weights large enough for what bends to show
LARGEST = 1e4  # no layer with such weights gives more
AFFINE = (
    "logits are the new top-layer h, taken through a linear layer (with or without bias, or a "
    "product of linear layers): nothing is added to h, and no activation, normalisation, mask or "
    "dropout in eval mode comes before, between or after"
)


class Affine(NamedTuple):
    """Logits are weight @ h + bias, apart from what all words of a row have in common."""

    weight: Tensor  # (vocabulary, inputs)
    bias: Tensor  # (vocabulary,)


def centred(logits: Tensor) -> Tensor:
    """Logits without what is common to the words of a row."""
    precise = logits.double()
    return precise - precise.mean(1, keepdim=True)


def fit(inputs: Tensor, logits: Tensor, tolerance: float = 1e-4) -> Affine | None:
    """The affine function that gives logits (rows, V) from inputs (rows, n); None: there is none.

    The tolerance is relative to the largest logit.
    """
    known = torch.cat([inputs.double(), torch.ones(len(inputs), 1).double()], 1)  # (rows, n + 1)
    wanted = centred(logits)  # (rows, vocabulary)
    solved = torch.linalg.pinv(known, rtol=1e-9) @ wanted  # (n + 1, vocabulary)
    apart = (known @ solved - wanted).abs().max()
    if not apart <= tolerance * wanted.abs().max().clamp(min=1.0):
        return None
    return Affine(solved[:-1].T, solved[-1])


def expect_affine(student: Probed, config: dict[str, Any], generator: torch.Generator) -> None:
    """Check the logits of one decoder under two drawings of its weights."""
    call = draw_call(generator, ROWS, config)
    one, other = (
        affine_of(student, config, {"seed": seed, "scale": SCALE}, call) for seed in (1, 2)
    )
    expect(
        bool((one.weight.abs() > 1e-3).any()),
        "every word gets the same score, or the same score whatever h is",
        "a softmax over a dimension of size 1 forgets all: the vocabulary is the last dimension",
    )
    if close(one.weight, other.weight, 1e-4):
        raise Wrong("an output layer is not among your decoder's parameters", UNREGISTERED)
    if bool((one.bias.abs() > 1e-3).any()) and close(one.bias, other.bias, 1e-4):
        raise Wrong("the output layer's bias is not among your decoder's parameters", UNREGISTERED)


def affine_of(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call | None = None
) -> Affine:
    """The affine function that a decoder's logits are, with weights as `filling` says."""
    if call is None:
        call = draw_call(torch.Generator().manual_seed(0), ROWS, config)
    report = student.decode(config=config, filling=filling, calls=[call])
    answer = decodings(report, [ROWS], config)[0]
    logits, h, _ = answer
    expect_scores(logits)
    affine = fit(h[-1], logits)
    if affine is None:
        expect_steady(student, config, filling, call)
        expect_rows_apart(student, config, filling, call)
        raise explained(answer, call, config)
    expect(
        not bool((logits.double() >= 0).all()) or not is_negative_log(logits),
        "your decoder returns the negatives of log-probabilities",
        "the most probable word has the highest score: leave the sign as log_softmax gives it",
    )
    return affine


def is_negative_log(logits: Tensor) -> bool:
    """Whether each row is minus the logarithm of a distribution."""
    sums = (-logits.double()).exp().sum(1)
    return close(sums, torch.ones_like(sums), atol=1e-4)


def expect_scores(logits: Tensor) -> None:
    """Refuse logits that say at once what they are instead."""
    expect(
        bool((logits.abs() < LARGEST).all()),
        "the logits of some words are masked: they are infinite, or next to it",
        "no word is ruled out in the decoder, PAD and BOS neither: no mask on the logits",
    )
    expect_no_probabilities(logits)
    sums = logits.double().sum(0)  # (vocabulary,)
    expect(
        not (bool((logits >= 0).all()) and close(sums, torch.ones_like(sums), atol=1e-4)),
        "your decoder returns probabilities that sum to 1 over the batch",
        "leave the softmax out; log_softmax, where you want it, is over the vocabulary, the last "
        "dimension",
    )


def explained(answer: Decoding, call: Call, config: dict[str, Any]) -> Wrong:
    """Say what logits depend on that are not affine in the new top-layer h."""
    logits, new_h, new_c = answer
    previous, old_h, old_c = call
    top = new_h[-1]

    def depends(*inputs: Tensor) -> bool:
        return fit(torch.cat(inputs, 1), logits) is not None

    def layers(state: Tensor) -> Tensor:
        return state.transpose(0, 1).flatten(1)  # (batch, layers * hidden)

    if depends(old_h[-1]):
        return Wrong(
            "logits come from the old h, not the new one", "first the LSTM, then the linear layer"
        )
    if depends(new_c[-1]):
        return Wrong("logits come from the cell state c, not from h", "the linear layer reads h'")
    if any(depends(lower) for lower in new_h[:-1]):
        return Wrong(
            "logits come from a lower layer's h",
            "the linear layer reads the top layer: h[-1], or the LSTM's outputs",
        )
    words = one_hot(previous, config["vocab_size"]).to(top)[:, 1:]  # (batch, vocabulary - 1)
    more = {
        "the h of the layers below": layers(new_h),
        "the cell state": layers(new_c),
        "the previous word": words,
        "the h that came in": layers(old_h),
        "the c that came in": layers(old_c),
    }
    for name, part in more.items():
        if depends(top, part):
            return Wrong(
                f"logits depend on {name} too, not on the new top-layer h alone",
                AFFINE,
            )
    bent = {
        "a ReLU stands between h and the linear layer": top.relu(),
        "a tanh stands between h and the linear layer": top.tanh(),
        "a sigmoid stands between h and the linear layer": top.sigmoid(),
        "h is normalised before the linear layer": layer_norm(top, top.shape[1:]),
    }
    for slip, part in bent.items():
        if depends(part):
            return Wrong(slip, AFFINE)
    if bool((logits >= 0).all()) and bool((logits == 0).any()):
        return Wrong("a ReLU is on the logits: none is below zero", AFFINE)
    unbent = {"sigmoid": logits.logit(), "tanh": logits.atanh(), "exp": logits.log()}
    for name, scores in unbent.items():
        if bool(scores.isfinite().all()) and fit(top, scores, 1e-3) is not None:
            return Wrong(f"a {name} is on the logits", AFFINE)
    if fit(top, logits / centred(logits).abs().max(), 0.01) is not None:
        return Wrong("the logits are a linear layer's to about two digits only", PRECISION)
    return Wrong("the logits are not an affine function of the new top-layer h", AFFINE)
