"""Whether logits are an affine function of the new top-layer h, and of nothing else.

No parameter is looked at: with weights drawn at random, many rows are decoded, and one matrix and
one vector must give the logits of all of them from h. What is common to all words of a row is left
out, so that log-probabilities are logits too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, normalize, one_hot

from checks.expect import Wrong, close, expect

from ..probed import Probed
from ..shared.precision import PRECISION
from .asking import MISSING, UNREGISTERED, tell
from .decodings import (
    Call,
    Decoding,
    decodings,
    draw_call,
    expect_rows_apart,
    expect_steady,
    is_over_batch,
    read_step,
)
from .forms import is_lstms
from .steps import Reading

ROWS = 64  # far more than there are unknowns, so that nothing else fits by chance
SCALE = 0.7  # weights large enough for what bends to show
AFFINE = (
    "logits are the new top-layer h, taken through a linear layer (with or without bias, or a "
    "product of linear layers): nothing is added to h, and no activation, normalisation, mask or "
    "dropout in eval mode comes before, between or after"
)

STUCK = (
    "every word gets the same score, or the same score whatever h is",
    "a softmax over a dimension of size 1 forgets all: the vocabulary is the last dimension",
)


class Affine(NamedTuple):
    """Logits are weight @ h + bias, apart from what all words of a row have in common."""

    weight: Tensor  # (vocabulary, inputs)
    bias: Tensor  # (vocabulary,)
    flat: bool  # whether all rows have the same


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
    flat = not bool(((wanted - wanted.mean(0)).abs() > 1e-3).any())
    return Affine(solved[:-1].T, solved[-1], flat)


def expect_affine(student: Probed, config: dict[str, Any], generator: torch.Generator) -> None:
    """Check the logits of one decoder under two drawings of its weights."""
    call = draw_call(generator, ROWS, config)
    one, other = (
        affine_of(student, config, {"seed": seed, "scale": SCALE}, call) for seed in (1, 2)
    )
    if one.flat:
        raise Wrong(*STUCK)
    if close(one.weight, other.weight, 1e-4):
        # what is made anew at each call is noise, and no slip
        share = 1.0 if is_lasting(student, config, call) else None
        raise Wrong(MISSING["output"], UNREGISTERED, line="learning", share=share)
    if bool((one.bias.abs() > 1e-3).any()) and close(one.bias, other.bias, 1e-4):
        raise Wrong(MISSING["bias"], UNREGISTERED, line="learning", share=0.45)


def is_lasting(student: Probed, config: dict[str, Any], call: Call) -> bool:
    """Whether a decoder that is asked the same twice gives the same logits."""
    report = student.decode(config=config, filling={"seed": 1}, calls=[call] * 2)
    one, again = decodings(report, [call] * 2, config)
    return close(one[0], again[0])


def affine_of(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], call: Call | None = None
) -> Affine:
    """The affine function that a decoder's logits are, with weights as `filling` says.

    The h that comes back is taken at its word where it may be that of an LSTM, and is not the one
    that was given. Else the h inside is worked out, with weights for which this can be done.
    """
    if call is None:
        call = draw_call(torch.Generator().manual_seed(0), ROWS, config)
    report = student.decode(config=config, filling=filling, calls=[call])
    answer = decodings(report, [call], config)[0]
    logits, h, c = answer
    expect(
        not is_over_batch(report, call),
        "your decoder returns probabilities that sum to 1 over the batch",
        "leave the softmax out; log_softmax, where you want it, is over the vocabulary, the last "
        "dimension",
        line="logits",
        share=1.0,
    )
    if is_lstms(h, c) and not close(h, call[1]):
        affine = fit(h[-1], logits)
        if affine is not None:
            return affine
    return affine_inside(student, config, filling, answer, call)


def affine_inside(
    student: Probed,
    config: dict[str, Any],
    filling: dict[str, Any],
    answer: Decoding,
    call: Call,
) -> Affine:
    """The affine function of the h inside that the logits are, whatever state comes back."""
    found, inner, asked = read_inside(student, config, filling.get("seed", 0))
    if found is None:
        affine = fit(answer[1][-1], answer[0])
    else:
        affine = fit(found.step.top, inner[0])
        for slip in found.slips:
            tell(slip)
    if affine is not None:
        return affine  # what is wrong with the step is told where the state is looked at
    expect_steady(student, config, filling, call)
    expect_rows_apart(student, config, filling, call)
    if found is None:
        raise explained(answer, call, config)
    raise explained((inner[0], found.step.h, found.step.c), asked, config, found.step.top)


def read_inside(
    student: Probed, config: dict[str, Any], seed: int = 0
) -> tuple[Reading | None, Decoding, Call]:
    """What a decoder does inside, as its state and, where that leaves it open, its logits tell."""
    found, answer, call = read_step(student, config, ROWS, SCALE, seed)
    fitting = (one for one in found if fit(one.step.top, answer[0]) is not None)
    best = next(fitting, found[0] if found else None)
    return best, answer, call


def explained(
    answer: Decoding, call: Call, config: dict[str, Any], inside: Tensor | None = None
) -> Wrong:
    """Say what logits depend on that are not affine in the new top-layer h.

    Args:
        inside: what is on top, if that is known to be something else than the top layer's new h.
    """
    logits, new_h, new_c = (part.float() for part in answer)
    previous, old_h, old_c = call
    top = new_h[-1] if inside is None else inside.float()

    def depends(*inputs: Tensor, on: Tensor = logits, tolerance: float = 1e-4) -> bool:
        return fit(torch.cat(inputs, 1), on, tolerance) is not None

    def layers(state: Tensor) -> Tensor:
        return state.transpose(0, 1).flatten(1)  # (batch, layers * hidden)

    def wrong(says: str, help: str, share: float) -> Wrong:
        return Wrong(says, help, line="logits", share=share)

    if depends(old_h[-1]) or depends(layers(old_h)):
        return wrong(
            "logits come from the old h, not the new one",
            "first the LSTM, then the linear layer",
            1.0,
        )
    if depends(new_c[-1]):
        return wrong(
            "logits come from the cell state c, not from h", "the linear layer reads h'", 0.67
        )
    if any(depends(lower) for lower in new_h[:-1]):
        return wrong(
            "logits come from a lower layer's h",
            "the linear layer reads the top layer: h[-1], or the LSTM's outputs",
            0.62 if config["num_layers"] < 3 else 0.24,  # else two layers have told already
        )
    words = one_hot(previous, config["vocab_size"]).to(top)[:, 1:]  # (batch, vocabulary - 1)
    without = {
        "the previous word": words,
        "the cell state": layers(new_c),
        "the c that came in": layers(old_c),
    }
    for name, part in without.items():
        if depends(part):
            return wrong(f"logits come from {name}, not from the new h", AFFINE, 1.0)
    more = {
        "the h of the layers below": layers(new_h),
        "the cell state": layers(new_c),
        "the previous word": words,
        "the h that came in": layers(old_h),
        "the c that came in": layers(old_c),
    }
    for name, part in more.items():
        if depends(top, part):
            return wrong(
                f"logits depend on {name} too, not on the new top-layer h alone", AFFINE, 0.48
            )
    bent = {
        "a ReLU stands between h and the linear layer": (top.relu(), 0.45),
        "a tanh stands between h and the linear layer": (top.tanh(), 0.38),
        "a sigmoid stands between h and the linear layer": (top.sigmoid(), 0.4),
        "a softmax stands between h and the linear layer": (top.softmax(1), 0.5),
        "h is normalised before the linear layer": (layer_norm(top, top.shape[1:]), 0.45),
        "h is normalised before the linear layer, to length 1": (normalize(top), 0.45),
    }
    for slip, (part, share) in bent.items():
        if depends(part):
            return wrong(slip, AFFINE, share)
    if bool((logits >= 0).all()) and bool((logits == 0).any()):
        return wrong("a ReLU is on the logits: none is below zero", AFFINE, 0.64)
    unbent = {
        "sigmoid": (logits.double().logit(), 0.7),
        "tanh": (logits.double().atanh(), 0.6),
        "exp": (logits.double().log(), 0.7),
        "log of a sigmoid": (logits.double().exp().logit(), 0.5),
        "softplus": (logits.double().expm1().log(), 0.6),
    }
    for name, (scores, share) in unbent.items():
        known_ones = scores.isfinite() & (logits.abs() < 0.999999)
        usable = known_ones if name in ("sigmoid", "tanh") else scores.isfinite()
        rows = usable.all(1)  # the others are rounded to the bound
        wide = int(rows.sum()) > 2 * (top.shape[1] + 1)
        if wide and bends_alike(top[rows], scores[rows]):
            says = f"a {name} is on the logits: they are not an affine function of the new "
            return wrong(says + "top-layer h", AFFINE, share)
    if fit(top, logits / centred(logits).abs().max(), 0.01) is not None:
        return Wrong(
            "the logits are a linear layer's to about two digits only",
            PRECISION,
            line="logits",
            share=0.22,
        )
    other = "the logits are not an affine function of the new top-layer h"
    flat = int((logits == logits.max()).sum() > 1) + int((logits == logits.min()).sum() > 1)
    if flat == 2:  # clipped above and below
        return wrong(other, AFFINE, 0.7)
    return wrong(other, AFFINE, 0.48 if explains(top, logits) > 0.4 else 1.0)


def bends_alike(top: Tensor, scores: Tensor) -> bool:
    """Whether scores, each word's for itself, are affine in h: nothing in common is left out."""
    known = torch.cat([top.double(), torch.ones(len(top), 1).double()], 1)
    solved = torch.linalg.pinv(known, rtol=1e-9) @ scores
    apart = (known @ solved - scores).abs().max()
    return bool(apart <= 5e-3 * scores.abs().max().clamp(min=1.0))


def explains(top: Tensor, logits: Tensor) -> float:
    """The share of what varies in the logits that an affine function of h explains."""
    known = torch.cat([top.double(), torch.ones(len(top), 1).double()], 1)
    wanted = centred(logits)
    solved = torch.linalg.pinv(known, rtol=1e-9) @ wanted
    left = (known @ solved - wanted).pow(2).sum()
    return 1.0 - float(left / (wanted - wanted.mean(0)).pow(2).sum().clamp(min=1e-12))
