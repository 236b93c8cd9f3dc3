"""Public checks of `Encoder`. Names, layout and initialisation of its parameters are free."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from checks.expect import Wrong, close, expect, expect_shape, kind

CONFIG: dict[str, Any] = {
    "vocab_size": 7,
    "embedding_dim": 2,
    "hidden_dim": 3,
    "num_layers": 2,
    "dropout": 0.3,
    "pad_id": 5,
}
RANDOM = {"seed": 1, "scale": 0.7}  # weights large enough for every token to matter
Encoding = tuple[Tensor, Tensor, Tensor]

RAGGED = torch.tensor([[1, 2, 0, 5], [2, 5, 5, 5], [3, 4, 6, 1], [4, 2, 5, 5]])  # 5 is PAD
LENGTHS = torch.tensor([3, 1, 4, 2])  # not sorted

CRASH = "forward(source, source_lengths) takes (B, S) and (B,) int64 and returns outputs, (h, c)"
PACK = (
    "pack_padded_sequence wants lengths on the CPU, and enforce_sorted=False when they are not "
    "sorted; torch.zeros for a state needs shape (L, B, H)"
)


def encodings(report: Any, shapes: list[tuple[int, int]], config: dict[str, Any]) -> list[Encoding]:
    """Take (outputs, h, c) of each batch (B, S) out of a report, or say what is wrong with it."""
    results: Any = report.get("results") if isinstance(report, dict) else None
    expect(
        isinstance(results, list) and len(results) == len(shapes),
        "the answers of your encoder could not be read",
    )
    return [encoding(value, B, S, config) for value, (B, S) in zip(results, shapes, strict=True)]


def encoding(value: Any, B: int, S: int, config: dict[str, Any]) -> Encoding:
    """Take one (outputs, (h, c)) apart and check its shapes."""
    good = isinstance(value, list | tuple) and len(value) == 2
    expect(good, f"forward should return outputs, (h, c); it returned {kind(value)}", CRASH)
    outputs, state = value
    good = isinstance(state, list | tuple) and len(state) == 2
    expect(
        good,
        f"the second value returned should be the pair (h, c); it is {kind(state)}",
        "an LSTM has a hidden state h and a cell state c; return both, as (h, c)",
    )
    L, H = config["num_layers"], config["hidden_dim"]
    if isinstance(outputs, Tensor) and tuple(outputs.shape) == (S, B, H) != (B, S, H):
        raise Wrong(
            f"outputs has shape {(S, B, H)}, time first, and should be batch first: {(B, S, H)}",
            "pass batch_first=True to the LSTM, and to packing and unpacking",
        )
    short = isinstance(outputs, Tensor) and outputs.shape[1:2] < (S,)
    expect_shape(
        outputs,
        (B, S, H),
        "outputs",
        "outputs has one column for every column of source, even where max(source_lengths) is "
        "smaller: see total_length of pad_packed_sequence" * short,
    )
    for tensor, name in ((state[0], "h"), (state[1], "c")):
        squeezed = isinstance(tensor, Tensor) and tensor.ndim == 2
        expect_shape(
            tensor,
            (L, B, H),
            name,
            "h and c hold every layer: (num_layers, batch, hidden_dim)"
            + ", even for one layer or one sentence" * squeezed,
        )
    for tensor, name in ((outputs, "outputs"), (state[0], "h"), (state[1], "c")):
        expect(tensor.is_floating_point(), f"{name} should hold floating-point numbers")
    return outputs, state[0], state[1]


def rows_alone(source: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Every row of a batch as a batch of its own, without padding."""
    pairs = zip(source, lengths.tolist(), strict=True)
    return [(row[None, :length].clone(), torch.tensor([length])) for row, length in pairs]


def shapes_of(batches: list[tuple[Tensor, Tensor]]) -> list[tuple[int, int]]:
    """(B, S) of each batch."""
    return [(source.shape[0], source.shape[1]) for source, _ in batches]


def expect_rows_as_alone(
    student: Any, config: dict[str, Any], filling: dict[str, Any], source: Tensor, lengths: Tensor
) -> None:
    """Compare each row of a batch with the same row encoded alone, and name the difference."""
    full = torch.full_like(lengths, source.shape[1])
    batches = [(source, lengths), (source.clone(), full), *rows_alone(source, lengths)]
    report = student.encode(config=config, filling=filling, batches=batches)
    together, unmasked, *alone = encodings(report, shapes_of(batches), config)
    hs = torch.cat([h for _, h, _ in alone], 1)  # (layers, batch, hidden)
    cs = torch.cat([c for _, _, c in alone], 1)  # (layers, batch, hidden)
    if not (close(together[1], hs) and close(together[2], cs)):
        explain_state(together, unmasked, hs, cs, lengths)
    for row, (outputs, _, _) in enumerate(alone):
        length = int(lengths[row])
        expect(
            close(together[0][row, :length], outputs[0]),
            "a sentence's outputs differ between a padded batch and the sentence alone, though "
            "its final state does not",
            "outputs[b, t] is the top layer's h after token t of row b, in the batch's order",
        )


def explain_state(
    together: Encoding, unmasked: Encoding, hs: Tensor, cs: Tensor, lengths: Tensor
) -> None:
    """Say why the states of a batch are not those of its rows alone."""
    _, h, c = together
    if close(h, unmasked[1]) and close(c, unmasked[2]):
        raise Wrong(
            "h and c are the state after the last column, padding included, not after each "
            "row's last real token",
            "the LSTM went on reading padding; pack the batch with source_lengths, or take each "
            "row's state at its own last real token",
        )
    for descending in (True, False):
        order = lengths.argsort(descending=descending, stable=True)
        if not close(hs[:, order], hs) and close(h, hs[:, order]):
            raise Wrong(
                "the final states come back sorted by length, not in the batch's own order",
                "if you sort rows before packing, put h and c back into the order of source; "
                "enforce_sorted=False does both for you",
            )
    if close(h, hs):
        raise Wrong(
            "h is right and c is not: a row's c differs between a padded batch and the row alone",
            "c, too, is the state after the row's last real token, in the batch's order",
        )
    if close(h[-1], hs[-1]):
        raise Wrong(
            "the top layer's final h is right, but the state of the layers below is not",
            "h and c of every layer are those after the row's last real token",
        )
    single = lengths == lengths.max()
    if close(h[:, single], hs[:, single]):
        raise Wrong(
            "h and c are right for the longest sentence only: padding changes the final state of "
            "the shorter ones",
            "the state of a row is the one after its last real token, that is after "
            "source_lengths[b] tokens: mind the off-by-one, and that a source reversed with its "
            "padding begins with padding",
        )
    raise Wrong(
        "a sentence's final state depends on the batch it is in: alone it gets another",
        "start each row from a zero state and take its state after source_lengths[b] tokens; "
        "rows must not mix, so mind which dimension is the batch",
    )


@pytest.mark.graded(weight=1, on_crash=CRASH)
def test_returns_outputs_and_state(student: Any) -> None:
    """Your encoder returns outputs (B, S, H) and the state (h, c), each (L, B, H)."""
    batches = [(RAGGED, LENGTHS), (RAGGED[[2]], LENGTHS[[2]]), (RAGGED[[1], :1], LENGTHS[[1]])]
    for layers in (2, 1):
        config = {**CONFIG, "num_layers": layers}
        report = student.encode(config=config, filling=RANDOM, batches=batches)
        encodings(report, shapes_of(batches), config)


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=PACK)
def test_keeps_every_column(student: Any) -> None:
    """Your outputs have S columns even when the longest sentence is shorter than S."""
    batches = [(RAGGED[[1, 3]], LENGTHS[[1, 3]])]  # four columns, at most two real tokens
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    encodings(report, shapes_of(batches), CONFIG)


@pytest.mark.graded(weight=2, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_reads_one_token_as_an_lstm(student: Any) -> None:
    """After one token, h and c are those of an LSTM, worked out by hand."""
    v = 0.5  # every weight and every bias
    table = torch.tensor([[0.0, 0.0]] * 3 + [[0.3, 0.4]] + [[0.0, 0.0]] * 3)  # token 3 is special
    config = {**CONFIG, "num_layers": 1}
    batches = [(torch.tensor([[3]]), torch.tensor([1]))]
    filling = {"embedding": table, "constant": v}
    report = student.encode(config=config, filling=filling, batches=batches)
    outputs, h, c = encodings(report, [(1, 1)], config)[0]
    values = []
    for biases in (1, 2):  # both are right
        gate = v * (0.3 + 0.4) + biases * v  # input @ weights + bias; h and c start from zero
        open_by = 1 / (1 + math.exp(-gate))
        cell = open_by * math.tanh(gate)
        values.append((open_by * math.tanh(cell), cell))
    if any(close(h, torch.full_like(h, y)) and close(c, torch.full_like(c, x)) for y, x in values):
        expect(close(outputs[0], h[-1]), "after one token, outputs is not the top layer's h")
        return
    if any(close(h, torch.full_like(h, x)) and close(c, torch.full_like(c, y)) for y, x in values):
        raise Wrong("h and c are swapped", "return (h, c): hidden state first, cell state second")
    if close(h, c):
        raise Wrong("h and c are the same", "h = o * tanh(c): return the cell state as c, not h")
    raise Wrong(
        "with every weight and bias 0.5 and zero initial state, h and c after one token are not "
        f"{[tuple(round(x, 4) for x in pair) for pair in values]} (one or two biases): first "
        f"entries of yours are {h.flatten()[0].item():.4f} and {c.flatten()[0].item():.4f}",
        "c' = f * c + i * g and h' = o * tanh(c'), from h = c = 0; only the embedding comes "
        "before the LSTM, and eval mode drops nothing",
    )


@pytest.mark.graded(weight=2, needs=["returns_outputs_and_state"], on_crash=PACK)
def test_padding_changes_nothing(student: Any) -> None:
    """A sentence's outputs and state are the same in a padded batch as alone."""
    expect_rows_as_alone(student, CONFIG, RANDOM, RAGGED, LENGTHS)


@pytest.mark.graded(weight=1, needs=["padding_changes_nothing"], on_crash=PACK)
def test_ignores_what_stands_in_padding(student: Any) -> None:
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


@pytest.mark.graded(weight=1, needs=["padding_changes_nothing"], on_crash=PACK)
def test_last_output_is_the_top_h(student: Any) -> None:
    """The top layer's h is the output at each sentence's last real token."""
    batches = [(RAGGED, LENGTHS)]
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    outputs, h, _ = encodings(report, shapes_of(batches), CONFIG)[0]
    last = outputs[torch.arange(4), LENGTHS - 1]  # (batch, hidden)
    early = outputs[torch.arange(4), (LENGTHS - 2).clamp(min=0)]  # (batch, hidden)
    expect(not close(h[0], h[-1]), "h is the same in all layers", "each layer has its own state")
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
    )


@pytest.mark.graded(weight=1, needs=["returns_outputs_and_state"], on_crash=CRASH)
def test_drops_out_embeddings_in_training_only(student: Any) -> None:
    """Dropout changes your encoder's answers in train mode, and never in eval mode."""
    batches = [(RAGGED[2:3], LENGTHS[2:3])] * 8
    config = {**CONFIG, "num_layers": 1, "dropout": 0.5}
    for training in (False, True):
        report = student.encode(config=config, filling=RANDOM, batches=batches, training=training)
        first, *others = encodings(report, shapes_of(batches), config)
        same = all(close(first[1], h) for _, h, _ in others)
        if training:
            expect(
                not same,
                "in train mode with dropout 0.5, eight runs gave the same state",
                "apply nn.Dropout(dropout) to the embeddings; nn.LSTM's own dropout argument "
                "does nothing for a single layer",
            )
        else:
            expect(
                same,
                "in eval mode your encoder gives different answers for the same sentence",
                "F.dropout is active unless told training=self.training; an initial state must "
                "be zeros, not torch.randn",
            )
