"""What a decoder's values are when all LSTM weights are one number, and why others differ."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from autograder.suites.memory import remembered
from checks.expect import Wrong, close, expect
from checks.seq2seq.decoder.affine import Affine, centred
from checks.seq2seq.decoder.decodings import (
    Call,
    Decoding,
    charge,
    corrected,
    dependences,
    draw_call,
    normalised,
)
from checks.seq2seq.decoder.steps import readings
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.precision import DIGITS, PRECISION

from ..shared.lstm import CONFIG, LOUD, State, constant_lstm, decode_step, fewest_weights

STATE_DROPPED = (
    "in train mode units of h or c are dropped",
    "dropout on the state makes your decoder forget: it belongs on the embedding, and may stand "
    "between layers and before the linear layer, but not on the h and c that come in or go out",
    False,
    "clean",
    0.5,
)


LOGITS_DROPPED = (
    "in train mode the logits are not the linear layer of any h",
    "dropout on the logits themselves is too much: before the linear layer it is allowed",
    False,
    "clean",
    0.68,
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
    student: Probed,
    answer: Decoding,
    config: dict[str, Any],
    filling: dict[str, Any],
    call: Call,
) -> None:
    """Say which known mistake a wrong new state is; nothing if the state has nothing to say."""
    value, table = filling["constant"], filling["embedding"]
    found = corrected(student, config, readings(answer[1:], call, table, value))
    if found:
        charge(found[0])
        return
    digits = DIGITS * max(1.0, float(answer[2].abs().max()))
    rough = readings(answer[1:], call, table, value, digits)
    expect(
        not rough or bool(rough[0].slips),
        "the new state is that of an LSTM to about two digits only",
        PRECISION,
        line="state_out",
        share=0.25,
    )
    for biases in (2, 1):
        explain_state(answer, constant_lstm(config, value, biases), table, call)
    price = 1.0 if is_lstm_like(student, config) else None  # else it is no slip in a step at all
    raise Wrong(
        "with known weights, your decoder's new state is not that of an LSTM step",
        "embed previous, take one step from the (h, c) you are given, return the new (h, c); "
        "nothing but dropout stands between embedding and LSTM",
        guess=True,
        line="state_out",
        share=price,
    )


def is_handed_through(part: Tensor, call: Call) -> bool:
    """Whether an h or c that came back is one of those that went in."""
    return any(close(part, given) for given in call[1:])


def is_lstm_like(student: Probed, config: dict[str, Any]) -> bool:
    """Whether a step that is not an LSTM's is the like of one.

    New h and c each depend on the word, on h and on c, and it has more than half of the weights.
    """
    call = draw_words(torch.Generator().manual_seed(0), 4, config)
    seen = dependences(student, config, LOUD, call)
    if not {(name, place) for name in ("h", "c") for place in range(3)} <= seen:
        return False
    weights = {name: torch.ones_like(call[1]) for name in ("h", "c")}
    weights["logits"] = torch.randn(
        4, config["vocab_size"], generator=torch.Generator().manual_seed(0)
    )
    report = student.decoder_gradients(
        config=config, filling=LOUD, previous=call[0], h=call[1], c=call[2], weights=weights
    )
    reached = report.get("reached") if isinstance(report, dict) else None
    return type(reached) is int and 2 * reached > fewest_weights(config)


def same_state(answer: Decoding, state: State, atol: float = 1e-5) -> bool:
    """Whether the new h and c of an answer are these."""
    return close(answer[1], state[0], atol) and close(answer[2], state[1], atol)


def explain_state(new: Decoding, lstm: nn.LSTM, table: Tensor, call: Call) -> None:
    """Say what is wrong with a new state that is right in part."""
    right = decode_step(lstm, table, *call)
    apart = torch.stack([(x - y).abs() for x, y in zip(new[1:], right, strict=True)])
    differ = ~(apart <= 1e-4)  # (h or c, layers, batch, hidden); NaN differs
    right_layers = ~differ.any(0).flatten(1).any(1)  # (layers,)
    expect(
        not right_layers[0],
        "with known weights, the lowest layer's new state is right, a higher layer's is not",
        "each layer above the first reads the new h of the layer below, and starts from its own "
        "h and c",
        line="state_out",
        share=0.45 if right_layers[:-1].all() and len(right_layers) > 2 else 0.9,
    )
    wrong_rows = differ.any(3).any(1).any(0)  # (batch,)
    expect(
        bool(wrong_rows.all()),
        "with known weights, the new state is right for some rows of a batch and wrong for others",
        "every id below vocab_size has an embedding of its own, and none is special",
        guess=True,
        line="input",
        share=0.35 if int(wrong_rows.sum()) == 1 else 0.8,
    )
    pairs = zip(new[1:], right, strict=True)
    expect(
        not all(close(x.flatten().sort().values, y.flatten().sort().values) for x, y in pairs),
        "the numbers in the new state are right, but they stand in the wrong places",
        "view and reshape do not swap dimensions: transpose(0, 1) does",
        line="state_out",
        share=0.95,
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
