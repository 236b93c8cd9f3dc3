"""Logits are told to be affine in h, or what else they depend on."""

from __future__ import annotations

import torch
from torch.nn.functional import log_softmax

from checks.seq2seq.decoder.affine import ROWS, centred, fit

H, V = 5, 13
GENERATOR = torch.Generator().manual_seed(0)
HIDDEN = torch.tanh(2 * torch.randn(ROWS, H, generator=GENERATOR))
WEIGHT, BIAS = (
    torch.randn(V, H, generator=GENERATOR),
    torch.randn(V, generator=GENERATOR),
)
LOGITS = HIDDEN @ WEIGHT.T + BIAS


def test_logits_and_log_probabilities_are_the_same_function() -> None:
    for logits in (LOGITS, log_softmax(LOGITS, 1), LOGITS + 7.0):
        found = fit(HIDDEN, logits)
        assert found is not None
        again = HIDDEN.double() @ found.weight.T + found.bias
        assert torch.allclose(again, centred(LOGITS), atol=1e-5)


def test_thin_products_are_affine_too() -> None:
    assert fit(HIDDEN, (HIDDEN @ WEIGHT.T[:, :2]) @ WEIGHT.T[:2]) is not None


def test_what_bends_is_not_affine() -> None:
    for logits in (LOGITS.relu(), LOGITS.tanh(), LOGITS.softmax(1), HIDDEN.relu() @ WEIGHT.T):
        assert fit(HIDDEN, logits) is None


def test_what_holds_nan_is_not_affine() -> None:
    assert fit(HIDDEN, torch.full_like(LOGITS, float("nan"))) is None
