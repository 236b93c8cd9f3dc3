"""What a decoder's values are when all LSTM weights are one number, and why others differ."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from autograder.suites.memory import remembered
from checks.expect import Wrong, close, expect
from checks.seq2seq.decoder.affine import Affine, centred
from checks.seq2seq.decoder.decodings import Call, Decoding, draw_call, normalised
from checks.seq2seq.shared.precision import DIGITS, PRECISION

from ..shared.lstm import CONFIG, State, constant_lstm, decode_step

STATE_DROPPED = (
    "in train mode units of h or c are dropped",
    "dropout on the state makes your decoder forget: it belongs on the embedding, and may stand "
    "between layers and before the linear layer, but not on the h and c that come in or go out",
)


LOGITS_DROPPED = (
    "in train mode the logits are not the linear layer of any h",
    "dropout on the logits themselves is too much: before the linear layer it is allowed",
)


def draw_filling(generator: torch.Generator, value: float) -> dict[str, Any]:
    """A random embedding; every LSTM weight is `value`."""
    V, E = CONFIG["vocab_size"], CONFIG["embedding_dim"]
    return {"constant": value, "embedding": torch.randn(V, E, generator=generator)}


def alike(answer: Decoding, expected: Decoding, atol: float = 1e-5) -> bool:
    """Whether log-probabilities and state agree."""
    return all(close(x, y, atol) for x, y in zip(normalised(answer), expected, strict=True))


def draw_words(generator: torch.Generator, B: int, config: dict[str, Any]) -> Call:
    """A (previous, h, c) of which no two rows have the same word, and none has PAD.

    With B = vocab_size - 1 every word is there, the first and the last included.
    """
    words = torch.randperm(config["vocab_size"], generator=generator)
    _, h, c = draw_call(generator, B, config)
    return words[words != config["pad_id"]][:B], h, c


def explain_step(
    answer: Decoding, config: dict[str, Any], filling: dict[str, Any], call: Call
) -> None:
    """Say which known mistake a wrong new state is."""
    oracles = [constant_lstm(config, filling["constant"], biases) for biases in (2, 1)]
    for lstm in oracles:
        explain_state(answer, lstm, filling["embedding"], call)
    expect(
        not any(
            same_state(answer, decode_step(lstm, filling["embedding"], *call), atol=DIGITS)
            for lstm in oracles
        ),
        "the new state is that of an LSTM to about two digits only",
        PRECISION,
    )
    raise Wrong(
        "with known weights, your decoder's new state is not that of an LSTM step",
        "embed previous, take one step from the (h, c) you are given, return the new (h, c); "
        "nothing but dropout stands between embedding and LSTM",
        guess=True,
    )


def same_state(answer: Decoding, state: State, atol: float = 1e-5) -> bool:
    """Whether the new h and c of an answer are these."""
    return close(answer[1], state[0], atol) and close(answer[2], state[1], atol)


def explain_state(new: Decoding, lstm: nn.LSTM, table: Tensor, call: Call) -> None:
    """Say what is wrong with the new state, if it is a known mistake."""
    previous, h, c = call
    right = decode_step(lstm, table, *call)
    swapped = decode_step(lstm, table, previous, c, h)
    flipped = decode_step(lstm, table, previous, h.flip(0), c.flip(0))
    upside_down = "the layers of the state are in the wrong order", "layer 0 reads the embedding"
    pair = "the state is the pair (h, c), in and out"
    known = [
        (right[::-1], "the new h and c are returned in the wrong order", pair),
        (swapped, "h and c are swapped before they enter the LSTM", pair),
        (flipped, *upside_down),
        ((right[0].flip(0), right[1].flip(0)), *upside_down),
        ((flipped[0].flip(0), flipped[1].flip(0)), *upside_down),
    ]
    for state, mistake, help in known:
        expect(not same_state(new, state), mistake, help)
    if same_state(new, right, atol=DIGITS):
        return  # rounding is another matter
    apart = torch.stack([(x - y).abs() for x, y in zip(new[1:], right, strict=True)])
    differ = ~(apart <= 1e-4)  # (h or c, layers, batch, hidden); NaN differs
    right_layers = ~differ.any(0).flatten(1).any(1)  # (layers,)
    expect(
        not right_layers[0],
        "with known weights, the lowest layer's new state is right, a higher layer's is not",
        "each layer above the first reads the new h of the layer below, and starts from its own "
        "h and c",
    )
    expect(
        bool(differ.any(3).any(1).any(0).all()),  # in every row
        "with known weights, the new state is right for some rows of a batch and wrong for others",
        "every id below vocab_size has an embedding of its own, and none is special",
        guess=True,
    )
    pairs = zip(new[1:], right, strict=True)
    expect(
        not all(close(x.flatten().sort().values, y.flatten().sort().values) for x, y in pairs),
        "the numbers in the new state are right, but they stand in the wrong places",
        "view and reshape do not swap dimensions: transpose(0, 1) does",
    )


def chain(lstm: nn.LSTM, table: Tensor, calls: list[Call]) -> list[State]:
    """The oracle's states after calls of which each goes on from the last state."""
    _, h, c = calls[0]
    states: list[State] = []
    for call in calls:
        h, c = decode_step(lstm, table, call[0], h, c)
        states.append((h, c))
    return states


def expect_output_dropout(logits: Tensor, hidden: Tensor, affine: Affine, p: float) -> None:
    """Check that logits are those of the new h (draws, hidden), of which units may be dropped.

    Where the logits leave part of h out, as a product of thin layers does, what was dropped cannot
    be told from them; dropped logits show by being zero.
    """
    if int(torch.linalg.matrix_rank(affine.weight, atol=1e-3)) < hidden.shape[1]:
        expect(not bool((logits == 0).any()), *LOGITS_DROPPED)
        return
    wanted = (centred(logits) - affine.bias).T  # (vocabulary, draws)
    used = torch.linalg.pinv(affine.weight) @ wanted  # (hidden, draws)
    expect(close(affine.weight @ used, wanted, atol=1e-4), *LOGITS_DROPPED)
    factor = used.T / hidden.double()  # (draws, hidden)
    allowed = torch.tensor([0.0, 1.0, 1 / (1 - p)], dtype=torch.float64)
    expect(
        bool(((factor[..., None] - allowed).abs().amin(2) < 1e-3).all()),
        "in train mode the linear layer reads something else than the new h, with or without "
        "dropout",
        "the output layer reads the top layer's new h; nn.Dropout(dropout) before it is allowed",
        guess=True,
    )


def kept_of(hidden: Tensor, levels: Tensor) -> Tensor | None:
    """Which level each draw of h (draws,) has, or None if one has none."""
    near = (hidden[:, None] - levels).abs() < 1e-5  # (draws, levels)
    return near.float().argmax(1) if bool(near.any(1).all()) else None


def dropped_levels(
    config: dict[str, Any], value: float, biases: int, first: tuple[float, float], factor: float
) -> State:
    """The new h and c (one layer, all units alike) with 0, 1, ... E units of an embedding of ones
    kept, and multiplied by `factor`; all of h and c are the numbers in `first`."""
    E, H = config["embedding_dim"], config["hidden_dim"]
    kept = torch.tril(torch.ones(E + 1, E), -1) * factor  # k of E, in row k
    state = tuple(torch.full((1, E + 1, H), number) for number in first)
    h, c = constant_lstm(config, value, biases)(kept[:, None], state)[1]
    return h[0, :, 0], c[0, :, 0]


def explain_dropout(
    hidden: Tensor, config: dict[str, Any], value: float, first: tuple[float, float]
) -> None:
    """Say what else may have been dropped, given draws of h (draws,)."""
    scaled, H = 1 / (1 - config["dropout"]), config["hidden_dim"]
    for biases in (1, 2):
        unscaled, _ = dropped_levels(config, value, biases, first, 1.0)
        kept = kept_of(hidden, unscaled)
        expect(
            kept is None or bool((kept < len(unscaled) - 1).any()),
            "in train mode nothing is dropped before the LSTM",
            "apply nn.Dropout(dropout) to the embedding, whatever num_layers is",
            guess=True,
        )
        expect(
            kept is None,
            "in train mode the units of the embedding that are kept are not scaled up",
            "nn.Dropout divides them by 1 - dropout; do so, too, if you drop by hand",
        )
        starts = [(k / H * scaled * first[0], first[1]) for k in range(H + 1)]
        levels = [dropped_levels(config, value, biases, start, scaled)[0] for start in starts]
        expect(kept_of(hidden, torch.cat(levels)) is None, *STATE_DROPPED)
    raise Wrong(
        "in train mode a one-layer decoder's new state is not that of an embedding with some "
        "units dropped and the others divided by 1 - dropout",
        "nn.Dropout(dropout) on the embedding, with the dropout your decoder is given, is all the "
        "noise there is before the LSTM",
        guess=True,
    )


@remembered
@torch.enable_grad()  # whatever a submission graded in this process left behind
def slopes(
    config: dict[str, Any],
    table: Tensor,
    call: Call,
    weights: dict[str, Tensor],
    biases: int,
) -> dict[str, tuple[Tensor, ...]]:
    """The gradients of the weighted sums of h and of c with respect to embedding, h and c."""
    lstm = constant_lstm(config, 0.2, biases)
    given = [tensor.clone().requires_grad_() for tensor in (table, *call[1:])]
    state = decode_step(lstm, given[0], call[0], *given[1:])
    return {
        name: torch.autograd.grad((part * weights[name]).sum(), given, retain_graph=True)
        for name, part in zip(("h", "c"), state, strict=True)
    }


@torch.enable_grad()
def slope_of_logits(affine: Affine, top: Tensor, weight: Tensor) -> Tensor:
    """The gradient of a weighted sum of log-probabilities with respect to the top-layer h."""
    inputs = top.double().requires_grad_()
    scores = log_softmax(inputs @ affine.weight.T + affine.bias, 1)  # (batch, vocabulary)
    return torch.autograd.grad((scores * weight).sum(), inputs)[0].float()
