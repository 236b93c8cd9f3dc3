"""Public checks of `Encoder`. Names, layout and initialisation of its parameters are free."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from checks.expect import Wrong, expect, mended
from checks.simulated_gpu.elsewhere import expect_at_home

from ..probed import Probed
from ..shared.dropouts import expect_left_alone, explain_no_dropout, same
from ..shared.precision import DIGITS, PRECISION, rounded
from .asking import PACK, forgiving
from .encodings import (
    ask_gradients,
    encodings,
    expect_arrivals,
    expect_batches_unchanged,
    expect_learned,
    expect_modes_alike,
    expect_registered,
    expect_rows_as_alone,
    expect_steady,
)
from .forms import CRASH, Encoding, alike

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
@forgiving
def test_returns_outputs_and_state(student: Probed) -> None:
    """Your encoder returns outputs (B, S, H) and the state (h, c), each (L, B, H)."""
    batches = [(RAGGED, LENGTHS), (RAGGED[[2]], LENGTHS[[2]]), (RAGGED[[1], :1], LENGTHS[[1]])]
    for layers in (2, 1):
        config = {**CONFIG, "num_layers": layers}
        report = student.encode(config=config, filling=RANDOM, batches=batches)
        encodings(report, batches, config)


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=PACK)
@forgiving
def test_keeps_every_column(student: Probed) -> None:
    """Your outputs have S columns even when the longest sentence is shorter than S."""
    batches = [(RAGGED[[1, 3]], LENGTHS[[1, 3]])]  # four columns, at most two real tokens
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    encodings(report, batches, CONFIG)


@pytest.mark.graded(line="dropout", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
@forgiving
def test_drops_out_embeddings_in_training_only(student: Probed) -> None:
    """Dropout changes your encoder's answers in train mode, and never in eval mode."""
    batches = [(RAGGED[2:3], LENGTHS[2:3])] * 8
    config = {**CONFIG, "num_layers": 1, "dropout": 0.5}
    asked: dict[str, Any] = {"config": config, "filling": RANDOM, "batches": batches}
    expect_steady(student, config, RANDOM, batches[0], times=2)

    def ask(seed: int, layers: int = 1) -> list[Tensor]:
        other = {**config, "num_layers": layers}
        report = student.encode(**{**asked, "config": other}, training=True, seed=seed)
        return hidden(encodings(report, batches, other))

    report = student.encode(**asked, training=True, seed=4711)  # one that nobody else sets
    try:
        expect_left_alone("encoder", report)
    except Wrong as error:
        mended(error.rationale, error.help, line="clean", share=1.0)
        left = isinstance(report, dict) and report.get("training") is False
        error.share = 0.6 if left else 0.5
        raise
    states = hidden(encodings(report, batches, config))
    if same(states):
        try:
            explain_no_dropout("encoder", states, ask, "the embeddings")
        except Wrong as error:
            deep = ask(2, layers=2)
            share = 1.0
            if not same([h[:1] for h in deep]):
                share = 0.45  # the embeddings of a deeper one are dropped
            elif not same(deep):
                share = 0.8
            error.share = share
            raise


def hidden(answers: list[Encoding]) -> list[Tensor]:
    """The h of each answer, or c where h did not come back."""
    return [c if bool(h.isnan().all()) else h for _, h, c in answers]


EMBEDDED = (0.9, -0.2)  # the one token's; of both signs, so that a ReLU on it shows


@pytest.mark.graded(line="lstm", weight=2, after=["returns_outputs_and_state"], on_crash=CRASH)
@forgiving
def test_reads_one_token_as_an_lstm(student: Probed) -> None:
    """After one token, h and c are those of an LSTM, worked out by hand."""
    v = 0.5  # every weight and every bias
    table = torch.zeros(7, 2)
    table[3] = torch.tensor(EMBEDDED)
    config = {**CONFIG, "num_layers": 1}
    batches = [(torch.tensor([[3]]), torch.tensor([1]))]
    filling = {"embedding": table, "constant": v}
    report = student.encode(config=config, filling=filling, batches=batches)
    outputs, h, c = encodings(report, batches, config)[0]
    values = []
    for biases in (1, 2):  # both are right
        gate = v * sum(EMBEDDED) + biases * v  # input @ weights + bias; h and c start from zero
        open_by = 1 / (1 + math.exp(-gate))
        cell = open_by * math.tanh(gate)
        values.append((open_by * math.tanh(cell), cell))
    if any(are(h, c, y, x) for y, x in values):
        expect(
            alike(outputs[0], h[-1]),
            "after one token, outputs is not the top layer's h",
            "outputs is the LSTM's own output, with nothing after it",
            line="context",
            share=0.5,
        )
        return
    expect_steady(student, config, filling, batches[0])
    expect_registered(report.get("weights"), config)
    explain_token(outputs, h, c, v, values)
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
    return alike(h, torch.full_like(h, y), atol) and alike(c, torch.full_like(c, x), atol)


def explain_token(
    outputs: Tensor, h: Tensor, c: Tensor, v: float, values: list[tuple[float, float]]
) -> None:
    """Name the mistake if h and c after one token are those of a known one."""
    CELL = (
        "c' = f * c + i * g, h' = o * tanh(c'); each gate has a bias and reads the embedding itself"
    )
    if not h.any():
        raise Wrong("h is zero after one token", "h' = o * tanh(c'), with the new c'", share=0.85)
    explain_other_cell(h, c, v)
    for y, x in values:
        if are(h, c, x, y):
            raise Wrong(
                "h and c are swapped",
                "return (h, c): hidden state first, cell state second",
                line="context",
                share=0.55,
            )
        if are(h, c, 2 * y, 2 * x):
            raise Wrong(
                "h and c are twice what one LSTM gives",
                "are two directions added up? The encoder reads in one: bidirectional=False",
                share=1.0,
            )
    for biases in (0, 1, 2):
        for slip, pair, share in slips(v, biases):
            if are(h, c, *pair):
                raise Wrong(slip, CELL, share=share)
    for y, x in values:  # after all that is as near, and exactly something else
        exact = alike(outputs, torch.full_like(outputs, y))
        expect(
            not (are(h, c, y, x, DIGITS) and rounded(h, c)),
            "h and c are those of an LSTM to about two digits only",
            PRECISION,
            line="context" if exact else "lstm",
            share=0.35,
        )
        if exact and alike(c, torch.full_like(c, x)):
            raise Wrong(
                "c is right after one token, and h is not the hidden state",
                "h' = o * tanh(c'), and it is returned as it is, as the last of outputs",
                line="context",
                share=0.6,
            )
        if exact and not alike(h, torch.full_like(h, y)):
            raise Wrong(
                "outputs is the LSTM's h, and (h, c) is something made of its state",
                "return the state as it is: nothing comes after the LSTM, and only the embedding "
                "comes before the LSTM",
                line="context",
                share=1.0,
            )
        if alike(h, torch.full_like(h, y)):
            raise Wrong(
                "h is right after one token, and c is not the cell state",
                "c' = f * c + i * g, from c = 0, and it is returned as it is",
                line="context",
                share=0.6,
            )


def explain_other_cell(h: Tensor, c: Tensor, v: float) -> None:
    """Say so if h is that of a GRU or of a plain RNN."""
    x = v * sum(EMBEDDED)
    hs = []
    for biases in (0, 1, 2):
        gate = x + biases * v
        z, n = 1 / (1 + math.exp(-gate)), math.tanh(gate)
        reset = math.tanh(x + min(biases, 1) * v + z * max(biases - 1, 0) * v)
        hs += [n, max(gate, 0.0), (1 - z) * n, z * n, (1 - z) * reset, z * reset]
    if not any(alike(h, torch.full_like(h, y)) for y in hs):
        return
    if alike(h, c) or not c.isfinite().all() or not c.any():
        says = "your encoder's cell is not an LSTM's: h is a GRU's or a plain RNN's"
        help = "use nn.LSTM, which has a hidden state h and a cell state c; a GRU has none"
        mended(says, help, line="context", share=0.9)
        raise Wrong(says, help, share=1.0)


def slips(v: float, biases: int) -> list[tuple[str, tuple[float, float], float]]:
    """What is wrong, the h and c after one token, and what it costs of the line."""

    def gates(x: float) -> tuple[float, float]:
        a = v * x + biases * v
        return 1 / (1 + math.exp(-a)), math.tanh(a)

    def cell(x: float) -> tuple[float, float]:
        i, g = gates(x)
        return i * math.tanh(i * g), i * g

    total, H = sum(EMBEDDED), CONFIG["hidden_dim"]
    i, g = gates(total)  # f and o are as i: equal weights
    a = v * total + biases * v
    found = [
        ("a tanh stands between embedding and LSTM", cell(sum(map(math.tanh, EMBEDDED))), 0.4),
        ("a ReLU stands between embedding and LSTM", cell(EMBEDDED[0]), 0.4),
        (
            "a sigmoid stands between embedding and LSTM",
            cell(sum(1 / (1 + math.exp(-x)) for x in EMBEDDED)),
            0.4,
        ),
        ("the embedding is scaled before the LSTM", cell(math.sqrt(len(EMBEDDED)) * total), 0.3),
        ("h is not o * tanh(c) but o * c", (i * i * g, i * g), 0.6),
        ("h is not o * tanh(c) but tanh(o * c)", (math.tanh(i * i * g), i * g), 0.55),
        ("h is not o * tanh(c) but tanh(c): no output gate", (math.tanh(i * g), i * g), 0.7),
        ("h is not o * tanh(c) but o * sigmoid(c)", (i / (1 + math.exp(-i * g)), i * g), 0.55),
        ("h is not o * tanh(c) but o * g", (i * g, i * g), 0.8),
        (
            "the candidate g goes through a sigmoid, not tanh",
            (i * math.tanh(i * i), i * i),
            0.7,
        ),
        ("the candidate g goes through nothing, not tanh", (i * math.tanh(i * a), i * a), 0.65),
        ("i + g stands where i * g should", (i * math.tanh(i + g), i + g), 0.85),
        ("g stands where i * g should: no input gate", (i * math.tanh(g), g), 0.75),
        (
            "1 - f stands where the input gate i should",
            (i * math.tanh((1 - i) * g), (1 - i) * g),
            0.7,
        ),
    ]
    if not biases:
        found.insert(0, ("no bias is added", (i * math.tanh(i * g), i * g), 0.2))
    for start in (1.0, v):
        for first_h in (start, 0.0):
            k, n = gates(total + H * first_h)
            for first_c in (start, 0.0):
                state = k * first_c + k * n
                if first_h or first_c:
                    says = "h and c do not start from zero"
                    found.append((says, (k * math.tanh(state), state), 0.6))
    return found


@pytest.mark.graded(line="padding", weight=2, after=["returns_outputs_and_state"], on_crash=PACK)
@forgiving
def test_padding_changes_nothing(student: Probed) -> None:
    """A sentence's outputs and state are the same in a padded batch as alone."""
    expect_rows_as_alone(student, CONFIG, RANDOM, RAGGED, LENGTHS)


@pytest.mark.graded(line="padding", weight=1, after=["padding_changes_nothing"], on_crash=PACK)
@forgiving
def test_ignores_what_stands_in_padding(student: Probed) -> None:
    """Whatever ids stand after a sentence's end, your encoder answers the same."""
    other = RAGGED.clone()
    other[1, 1:] = torch.tensor([4, 4, 3])  # no PAD id in sight: source_lengths alone decide
    other[3, 2:] = torch.tensor([6, 0])
    batches = [(RAGGED, LENGTHS), (other, LENGTHS)]
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    (_, h, c), (_, other_h, other_c) = encodings(report, batches, CONFIG)
    if not (alike(h, other_h) and alike(c, other_c)):
        expect_steady(student, CONFIG, RANDOM, batches[0])
    expect(
        alike(h, other_h) and alike(c, other_c),
        "the final state depends on the ids at padded positions",
        "use source_lengths; what stands after a row's length is unspecified, so do not look for "
        "pad_id to find the end of a sentence",
        share=0.5,
    )


@pytest.mark.graded(
    line="context",
    weight=1,
    after=["padding_changes_nothing", "reads_one_token_as_an_lstm"],
    on_crash=PACK,
)
@forgiving
def test_last_output_is_the_top_h(student: Probed) -> None:
    """The top layer's h is the output at each sentence's last real token."""
    batches = [(RAGGED, LENGTHS)]
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    outputs, h, _ = encodings(report, batches, CONFIG)[0]
    last = outputs[torch.arange(4), LENGTHS - 1]  # (batch, hidden)
    if bool(outputs.isnan().all()) or bool(h.isnan().all()):
        return  # which is charged by itself
    early = outputs[torch.arange(4), (LENGTHS - 2).clamp(min=0)]  # (batch, hidden)
    expect(
        not alike(h[0], h[-1]) or bool(h[0].isnan().all()),
        "h is the same in all layers",
        "each layer has its own state",
        share=0.7,
    )
    if not alike(last, h[-1]):
        later = RAGGED[2:3].clone()
        later[0, -1] = 0  # another last token for the longest sentence
        pair = [(RAGGED[2:3], LENGTHS[2:3]), (later, LENGTHS[2:3])]
        report = student.encode(config=CONFIG, filling=RANDOM, batches=pair)
        (before, _, _), (after, _, _) = encodings(report, pair, CONFIG)
        expect(
            alike(before[:, :-1], after[:, :-1]),
            "an output depends on tokens that come after it",
            "the encoder reads in one direction, from left to right: bidirectional=False",
            share=0.5,
        )
    if alike(early, h[-1]):
        raise Wrong(
            "h is one token short of each row's last real token",
            "a row's last real token stands at source_lengths[b] - 1; all source_lengths[b] "
            "tokens are read",
            line="padding",
            share=0.9,
        )
    if alike(last, h[0]) and not alike(last, h[-1]):
        raise Wrong(
            "outputs are those of the bottom layer, or h holds the layers upside down",
            "h[0] is the layer that reads the embeddings; outputs come from h[-1]'s layer",
            share=0.4,
        )
    if alike(outputs[:, 0], h[-1]):
        raise Wrong(
            "h is the state after each row's first token",
            "a row's last real token stands at source_lengths[b] - 1",
            line="padding",
            share=1.0,
        )
    if not alike(last, h[-1]):
        expect_steady(student, CONFIG, RANDOM, batches[0])
    expect(
        alike(last, h[-1]),
        "h[-1] is not the output at the row's last real token",
        "outputs are the top layer's h at every token; h and c stack the layers bottom first",
        guess=True,
    )


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
@forgiving
def test_leaves_everything_as_it_was(student: Probed) -> None:
    """Your encoder keeps nothing from call to call and leaves its arguments as they were."""
    batch = RAGGED.clone(), LENGTHS
    batch[0][1, 1:] = torch.tensor([4, 6, 3])  # at padded positions, too, ids are the caller's
    other = RAGGED.flip(0), LENGTHS.flip(0)
    batches = [batch, other, batch]
    report = student.encode(config=CONFIG, filling=RANDOM, batches=batches)
    (_, *first), _, (_, *again) = encodings(report, batches, CONFIG)
    expect_batches_unchanged(report, batches)
    if not all(map(alike, first, again)):
        expect_steady(student, CONFIG, RANDOM, batch)
        says = "a batch gets another state when your encoder has encoded another one before"
        help = "start every call from a zero state, and keep nothing of a call on self"
        mended(says, help, line="padding", share=0.6)
        raise Wrong(says, help, share=1.0)


@pytest.mark.graded(line="dropout", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
@forgiving
def test_without_dropout_modes_agree(student: Probed) -> None:
    """With dropout 0 train mode and eval mode give the same answer."""
    config = {**CONFIG, "dropout": 0.0}
    expect_modes_alike(student, config, RANDOM, (RAGGED, LENGTHS))


@pytest.mark.graded(
    line="learning",
    weight=1,
    after=[
        "without_dropout_modes_agree",
        "padding_changes_nothing",
        "last_output_is_the_top_h",
        "leaves_everything_as_it_was",
    ],
    on_crash=CRASH,
)
@forgiving
def test_embeddings_can_be_learned(student: Probed) -> None:
    """Gradients of outputs, h and c arrive at the embedding of every word in the batch."""
    B, S, L, H = 4, 4, CONFIG["num_layers"], CONFIG["hidden_dim"]
    real = torch.arange(S) < LENGTHS[:, None]
    source = RAGGED.clone()
    source[0, :3] = torch.tensor([0, 2, 1])  # but for 1 each word is followed by another somewhere
    report = ask_gradients(
        student,
        config={**CONFIG, "dropout": 0.0},
        filling=RANDOM,
        source=source,
        source_lengths=LENGTHS,
        real=real,
        weights={
            "outputs": torch.ones(B, S, H),
            "h": torch.ones(L, B, H),
            "c": torch.ones(L, B, H),
        },
    )
    words = torch.tensor(sorted(set(source[real].tolist())))
    arrived = expect_arrivals(report, (source, LENGTHS), CONFIG)
    slope = torch.stack([slope.abs() for slope in arrived.values()]).sum(0)
    expect(
        bool(slope[1].any()) or not bool(slope[words[words != 1]].any(1).all()),
        "no gradient arrives at the embedding of a sentence's last word",
        "all source_lengths[b] tokens are read, the last one as well",
    )
    expect_learned(student, {**CONFIG, "dropout": 0.0}, RANDOM, slope, words)


@pytest.mark.graded(line="clean", weight=1, after=["returns_outputs_and_state"], on_crash=CRASH)
@forgiving
def test_works_on_a_simulated_gpu(student: Probed) -> None:
    """Moved to a GPU, which is simulated here, your encoder computes and answers there."""
    report = student.encoder_on(
        config=CONFIG, filling=RANDOM, source=RAGGED, source_lengths=LENGTHS
    )
    expect_at_home(report, "Encoder")
