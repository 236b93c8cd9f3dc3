"""Public checks of `Encoder`. Names, layout and initialisation of its parameters are free."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from checks.expect import Wrong, close, expect
from checks.simulated_gpu.elsewhere import expect_at_home

from ..probed import Probed
from ..shared.dropouts import expect_left_alone, explain_no_dropout, same
from ..shared.precision import DIGITS, PRECISION
from .encodings import (
    CRASH,
    PACK,
    arriving,
    encodings,
    expect_batches_unchanged,
    expect_learned,
    expect_modes_alike,
    expect_rows_as_alone,
    expect_steady,
    shapes_of,
)

CONFIG: dict[str, Any] = {
    "vocab_size": 7,
    "embedding_dim": 2,
    "hidden_dim": 3,
    "num_layers": 2,
    "dropout": 0.3,
    "pad_id": 5,
}
RANDOM = {"seed": 1, "scale": 0.7}  # weights large enough for every token to matter

RAGGED = torch.tensor([[1, 2, 0, 5], [2, 5, 5, 5], [3, 4, 6, 1], [4, 2, 5, 5]])  # 5 is PAD
LENGTHS = torch.tensor([3, 1, 4, 2])  # not sorted


@pytest.mark.graded(line="context", weight=1, on_crash=CRASH)
def test_returns_outputs_and_state(student: Probed) -> None:
    """Your encoder returns outputs (B, S, H) and the state (h, c), each (L, B, H)."""
    batches = [(RAGGED, LENGTHS), (RAGGED[[2]], LENGTHS[[2]]), (RAGGED[[1], :1], LENGTHS[[1]])]
    for layers in (2, 1):
        config = {**CONFIG, "num_layers": layers}
        report = student.encode(config=config, filling=RANDOM, batches=batches)
        encodings(report, shapes_of(batches), config)


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=PACK)
def test_keeps_every_column(student: Probed) -> None:
    """Your outputs have S columns even when the longest sentence is shorter than S."""
    batches = [(RAGGED[[1, 3]], LENGTHS[[1, 3]])]  # four columns, at most two real tokens
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    encodings(report, shapes_of(batches), CONFIG)


@pytest.mark.graded(line="dropout", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_drops_out_embeddings_in_training_only(student: Probed) -> None:
    """Dropout changes your encoder's answers in train mode, and never in eval mode."""
    batches = [(RAGGED[2:3], LENGTHS[2:3])] * 8
    config = {**CONFIG, "num_layers": 1, "dropout": 0.5}
    asked: dict[str, Any] = {"config": config, "filling": RANDOM, "batches": batches}
    expect_steady(student, config, RANDOM, batches[0])
    shapes = shapes_of(batches)

    def ask(seed: int) -> list[Tensor]:
        report = student.encode(**asked, training=True, seed=seed)
        return [h for _, h, _ in encodings(report, shapes, config)]

    report = student.encode(**asked, training=True, seed=4711)  # one that nobody else sets
    expect_left_alone("encoder", report)
    states = [h for _, h, _ in encodings(report, shapes, config)]
    if same(states):
        explain_no_dropout("encoder", states, ask, "the embeddings")


EMBEDDED = (0.9, -0.2)  # the one token's; of both signs, so that a ReLU on it shows


@pytest.mark.graded(line="lstm", weight=2, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_reads_one_token_as_an_lstm(student: Probed) -> None:
    """After one token, h and c are those of an LSTM, worked out by hand."""
    v = 0.5  # every weight and every bias
    table = torch.zeros(7, 2)
    table[3] = torch.tensor(EMBEDDED)
    config = {**CONFIG, "num_layers": 1}
    batches = [(torch.tensor([[3]]), torch.tensor([1]))]
    filling = {"embedding": table, "constant": v}
    report = student.encode(config=config, filling=filling, batches=batches)
    outputs, h, c = encodings(report, [(1, 1)], config)[0]
    values = []
    for biases in (1, 2):  # both are right
        gate = v * sum(EMBEDDED) + biases * v  # input @ weights + bias; h and c start from zero
        open_by = 1 / (1 + math.exp(-gate))
        cell = open_by * math.tanh(gate)
        values.append((open_by * math.tanh(cell), cell))
    if any(are(h, c, y, x) for y, x in values):
        expect(
            close(outputs[0], h[-1]),
            "after one token, outputs is not the top layer's h",
            "outputs is the LSTM's own output, with nothing after it",
        )
        return
    expect_steady(student, config, filling, batches[0])
    explain_token(h, c, v, values, report.get("weights"))
    raise Wrong(
        "with every weight and bias 0.5 and zero initial state, h and c after one token are not "
        f"{[tuple(round(x, 4) for x in pair) for pair in values]} (one or two biases): first "
        f"entries of yours are {h.flatten()[0].item():.4f} and {c.flatten()[0].item():.4f}",
        "c' = f * c + i * g and h' = o * tanh(c'), from h = c = 0; only the embedding comes "
        "before the LSTM, and eval mode drops nothing",
        guess=True,
    )


def are(h: Tensor, c: Tensor, y: float, x: float, atol: float = 1e-5) -> bool:
    """Whether every entry of h is y and every entry of c is x."""
    return close(h, torch.full_like(h, y), atol) and close(c, torch.full_like(c, x), atol)


def explain_token(
    h: Tensor, c: Tensor, v: float, values: list[tuple[float, float]], weights: Any
) -> None:
    """Name the mistake if h and c after one token are those of a known one."""
    E, H = CONFIG["embedding_dim"], CONFIG["hidden_dim"]
    if close(h, c):
        raise Wrong("h and c are the same", "h = o * tanh(c): return the cell state as c, not h")
    if not h.any():
        raise Wrong("h is zero after one token", "h' = o * tanh(c'), with the new c'")
    if not c.any():
        raise Wrong("c is zero", "return the cell state that the LSTM gives; a GRU has none")
    if type(weights) is int and weights < 4 * H * (E + H):
        raise Wrong(
            "some weights of your LSTM are not among your encoder's parameters",
            "an optimizer finds only what is registered: make layers in __init__, and keep a list "
            "of them in nn.ModuleList",
        )
    for y, x in values:
        if are(h, c, x, y):
            raise Wrong(
                "h and c are swapped", "return (h, c): hidden state first, cell state second"
            )
        if are(h, c, 2 * y, 2 * x):
            raise Wrong(
                "h and c are twice what one LSTM gives",
                "are two directions added up? The encoder reads in one: bidirectional=False",
            )
    for biases in (0, 1, 2):
        gate = v * sum(EMBEDDED) + biases * v
        i, g = 1 / (1 + math.exp(-gate)), math.tanh(gate)  # f and o are as i: equal weights
        bent = v * sum(map(math.tanh, EMBEDDED)) + biases * v
        j, k = 1 / (1 + math.exp(-bent)), math.tanh(bent)
        cut = v * EMBEDDED[0] + biases * v
        m, n = 1 / (1 + math.exp(-cut)), math.tanh(cut)
        slips = {
            "a tanh stands between embedding and LSTM": (j * math.tanh(j * k), j * k),
            "a ReLU stands between embedding and LSTM": (m * math.tanh(m * n), m * n),
            "no bias is added": (i * math.tanh(i * g), i * g) if not biases else None,
            "h is not o * tanh(c) but o * c": (i * i * g, i * g),
            "h is not o * tanh(c) but tanh(o * c)": (math.tanh(i * i * g), i * g),
            "the candidate g goes through a sigmoid, not tanh": (i * math.tanh(i * i), i * i),
            "i + g stands where i * g should": (i * math.tanh(i + g), i + g),
            "1 - f stands where the input gate i should": (
                i * math.tanh((1 - i) * g),
                (1 - i) * g,
            ),
        }
        for slip, pair in slips.items():
            if pair and are(h, c, *pair):
                raise Wrong(
                    slip,
                    "c' = f * c + i * g, h' = o * tanh(c'); each gate has a bias and reads the "
                    "embedding itself",
                )
    for y, x in values:  # after all that is as near, and exactly something else
        expect(
            not are(h, c, y, x, DIGITS),
            "h and c are those of an LSTM to about two digits only",
            PRECISION,
        )


@pytest.mark.graded(line="padding", weight=2, after=["returns_outputs_and_state"], on_crash=PACK)
def test_padding_changes_nothing(student: Probed) -> None:
    """A sentence's outputs and state are the same in a padded batch as alone."""
    expect_rows_as_alone(student, CONFIG, RANDOM, RAGGED, LENGTHS)


@pytest.mark.graded(line="padding", weight=1, after=["padding_changes_nothing"], on_crash=PACK)
def test_ignores_what_stands_in_padding(student: Probed) -> None:
    """Whatever ids stand after a sentence's end, your encoder answers the same."""
    other = RAGGED.clone()
    other[1, 1:] = torch.tensor([4, 4, 3])  # no PAD id in sight: source_lengths alone decide
    other[3, 2:] = torch.tensor([6, 0])
    batches = [(RAGGED, LENGTHS), (other, LENGTHS)]
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    (_, h, c), (_, other_h, other_c) = encodings(report, shapes_of(batches), CONFIG)
    expect(
        close(h, other_h) and close(c, other_c),
        "the final state depends on the ids at padded positions",
        "use source_lengths; what stands after a row's length is unspecified, so do not look for "
        "pad_id to find the end of a sentence",
    )


@pytest.mark.graded(line="context", weight=1, after=["padding_changes_nothing"], on_crash=PACK)
def test_last_output_is_the_top_h(student: Probed) -> None:
    """The top layer's h is the output at each sentence's last real token."""
    batches = [(RAGGED, LENGTHS)]
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    outputs, h, _ = encodings(report, shapes_of(batches), CONFIG)[0]
    last = outputs[torch.arange(4), LENGTHS - 1]  # (batch, hidden)
    early = outputs[torch.arange(4), (LENGTHS - 2).clamp(min=0)]  # (batch, hidden)
    expect(not close(h[0], h[-1]), "h is the same in all layers", "each layer has its own state")
    if not close(last, h[-1]):
        later = RAGGED[2:3].clone()
        later[0, -1] = 0  # another last token for the longest sentence
        pair = [(RAGGED[2:3], LENGTHS[2:3]), (later, LENGTHS[2:3])]
        report = student.encode(config=CONFIG, filling=RANDOM, batches=pair)
        (before, _, _), (after, _, _) = encodings(report, shapes_of(pair), CONFIG)
        expect(
            close(before[:, :-1], after[:, :-1]),
            "an output depends on tokens that come after it",
            "the encoder reads in one direction, from left to right: bidirectional=False",
        )
    if close(early, h[-1]):
        raise Wrong(
            "h is one token short of each row's last real token",
            "a row's last real token stands at source_lengths[b] - 1; all source_lengths[b] "
            "tokens are read",
        )
    if close(last, h[0]):
        raise Wrong(
            "outputs are those of the bottom layer, or h holds the layers upside down",
            "h[0] is the layer that reads the embeddings; outputs come from h[-1]'s layer",
        )
    expect(
        close(last, h[-1]),
        "h[-1] is not the output at the row's last real token",
        "outputs are the top layer's h at every token; h and c stack the layers bottom first",
        guess=True,
    )


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_leaves_everything_as_it_was(student: Probed) -> None:
    """Your encoder keeps nothing from call to call and leaves its arguments as they were."""
    batch = RAGGED.clone(), LENGTHS
    batch[0][1, 1:] = torch.tensor([4, 6, 3])  # at padded positions, too, ids are the caller's
    other = RAGGED.flip(0), LENGTHS.flip(0)
    batches = [batch, other, batch]
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    (_, *first), _, (_, *again) = encodings(report, shapes_of(batches), CONFIG)
    expect_batches_unchanged(report, batches)
    if not all(map(close, first, again)):
        expect_steady(student, CONFIG, RANDOM, batch)
        raise Wrong(
            "a batch gets another state when your encoder has encoded another one before",
            "start every call from a zero state, and keep nothing of a call on self",
        )


@pytest.mark.graded(line="dropout", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_without_dropout_modes_agree(student: Probed) -> None:
    """With dropout 0 train mode and eval mode give the same answer."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, RANDOM, (RAGGED, LENGTHS))


@pytest.mark.graded(
    line="learning", weight=1, after=["without_dropout_modes_agree"], on_crash=CRASH
)
def test_embeddings_can_be_learned(student: Probed) -> None:
    """Gradients of outputs, h and c arrive at the embedding of every word in the batch."""
    B, S, L, H = 4, 4, CONFIG["num_layers"], CONFIG["hidden_dim"]
    real = torch.arange(S) < LENGTHS[:, None]
    report = student.encoder_gradients(
        config={**CONFIG, "dropout": 0.0},
        filling=RANDOM,
        source=RAGGED,
        source_lengths=LENGTHS,
        real=real,
        weights={
            "outputs": torch.ones(B, S, H),
            "h": torch.ones(L, B, H),
            "c": torch.ones(L, B, H),
        },
    )
    words = torch.tensor(sorted(set(RAGGED[real].tolist())))
    slopes = [arriving(report, name, CONFIG).abs() for name in ("outputs", "h", "c")]
    expect_learned(torch.stack(slopes).sum(0), words)


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
def test_works_on_a_simulated_gpu(student: Probed) -> None:
    """Moved to a GPU, which is simulated here, your encoder computes and answers there."""
    report = student.encoder_on(
        config=CONFIG, filling=RANDOM, source=RAGGED, source_lengths=LENGTHS
    )
    expect_at_home(report, "Encoder")
