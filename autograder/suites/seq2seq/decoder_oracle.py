"""What a decoder's values are when all LSTM weights are one number, and why others differ."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from autograder.checks.expect import Wrong, close, expect
from autograder.suites.seq2seq.checks.test_decoder import (
    Call,
    Decoding,
)
from autograder.suites.seq2seq.oracles import CONFIG, constant_lstm, decode_step


def draw_filling(generator: torch.Generator, value: float) -> dict[str, Any]:
    """Random embedding and output layer; every LSTM weight is `value`."""
    V, E, H = CONFIG["vocab_size"], CONFIG["embedding_dim"], CONFIG["hidden_dim"]
    return {
        "constant": value,
        "embedding": torch.randn(V, E, generator=generator),
        "output": torch.randn(V, H, generator=generator),
        "bias": torch.randn(V, generator=generator),
    }


def normalised(answer: Decoding) -> Decoding:
    """Logits as log-probabilities, which they may be already."""
    return log_softmax(answer[0], 1), answer[1], answer[2]


def alike(answer: Decoding, expected: Decoding, atol: float = 1e-5) -> bool:
    """Whether log-probabilities and state agree."""
    return all(close(x, y, atol) for x, y in zip(normalised(answer), expected, strict=True))


def explain_step(
    answer: Decoding, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Say which known mistake a wrong step is."""
    previous, h, c = call
    actual, new_h, new_c = normalised(answer)
    for biases in (2, 1):
        lstm = constant_lstm(config, filling["constant"], biases)
        _, (right_h, right_c) = decode_step(lstm, filling, previous, h, c)
        if close(new_h, right_c) and close(new_c, right_h):
            raise Wrong("the new h and c are returned in the wrong order", "return logits, (h, c)")
        _, swapped = decode_step(lstm, filling, previous, c, h)
        if close(new_h, swapped[0]) and close(new_c, swapped[1]):
            raise Wrong("h and c are swapped before they enter the LSTM", "state is (h, c)")
        if not (close(new_h, right_h) and close(new_c, right_c)):
            continue
        for layer in range(config["num_layers"] - 1):
            lower = log_softmax(right_h[layer] @ filling["output"].T + filling["bias"], 1)
            expect(
                not close(actual, lower),
                "logits come from a lower layer's h",
                "the linear layer reads the top layer: h[-1], or the LSTM's outputs",
            )
        raise Wrong(
            "the new state is right, and the logits are not the linear layer of the new top h",
            "logits = linear(new top-layer h), with a bias and nothing else in between",
        )
    raise Wrong(
        "with known weights, your decoder's new state is not that of an LSTM step",
        "embed previous, take one step from the (h, c) you are given, return the new (h, c); "
        "nothing but dropout stands between embedding and LSTM",
    )


def chain(lstm: Any, filling: dict[str, Any], calls: list[Call]) -> list[Decoding]:
    """The oracle's answers to calls of which each goes on from the last state."""
    _, h, c = calls[0]
    answers: list[Decoding] = []
    for call in calls:
        scores, (h, c) = decode_step(lstm, filling, call[0], h, c)
        answers.append((scores, h, c))
    return answers


def expect_output_dropout(
    logits: Tensor, hidden: Tensor, filling: dict[str, Any], p: float
) -> None:
    """Check that logits are linear in the new h, some units of which may be dropped."""
    V = logits.shape[1]
    # unknowns: the h that was multiplied, and the constant that log-probabilities subtract
    system = torch.cat([filling["output"], torch.ones(V, 1)], 1).double()  # (V, H + 1)
    wanted = (logits - filling["bias"]).double().T  # (vocabulary, draws)
    used = torch.linalg.pinv(system) @ wanted  # (H + 1, draws)
    expect(
        close(system @ used, wanted, atol=1e-4),
        "in train mode the logits are not the linear layer of any h",
        "dropout on the logits themselves is too much: before the linear layer it is allowed",
    )
    factor = used[:-1].T / hidden.double()  # (draws, hidden)
    allowed = torch.tensor([0.0, 1.0, 1 / (1 - p)], dtype=torch.float64)
    expect(
        bool(((factor[..., None] - allowed).abs().amin(2) < 1e-3).all()),
        "in train mode the linear layer reads something else than the new h, with or without "
        "dropout",
        "the output layer reads the top layer's new h; nn.Dropout(dropout) before it is allowed",
    )


def slopes(
    config: dict[str, Any],
    filling: dict[str, Any],
    call: Call,
    weights: dict[str, Tensor],
    biases: int,
) -> dict[str, tuple[Tensor, ...]]:
    """The gradients of each weighted sum with respect to embedding, h and c."""
    lstm = constant_lstm(config, 0.2, biases)
    table, h, c = (t.clone().requires_grad_() for t in (filling["embedding"], *call[1:]))
    scores, state = decode_step(lstm, {**filling, "embedding": table}, call[0], h, c)
    answers = dict(zip(("logits", "h", "c"), (scores, *state), strict=True))
    return {
        name: torch.autograd.grad(
            (answers[name] * weights[name]).sum(), [table, h, c], retain_graph=True
        )
        for name in weights
    }
