"""What an encoder's values are when all LSTM weights are one number, and why others differ."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.suites.memory import remembered
from checks.expect import Wrong, expect
from checks.seq2seq.encoder.encodings import encodings, expect_steady
from checks.seq2seq.encoder.forms import Encoding, alike
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.precision import DIGITS, PRECISION, rounded

from ..shared.lstm import CONFIG, Row, constant_lstm, constant_rows, encode_rows
from .mistakes import Mistake, known_mistake

VALUES = (0.11, -0.17, 0.5)  # the last drives c beyond 1


def draw_source(generator: torch.Generator, lengths: list[int], S: int) -> tuple[Tensor, Tensor]:
    """Random sentences without PAD in them, padded to S columns.

    The ids 0 and V - 1, which a mistake may take for padding, come first among the words drawn,
    then all others before any comes again: so a check sees them with every salt, or with none.
    """
    V, pad_id = CONFIG["vocab_size"], CONFIG["pad_id"]
    others = torch.tensor([i for i in range(1, V - 1) if i != pad_id])
    ends = torch.tensor([0, V - 1])
    count = sum(lengths)
    words = torch.cat(
        [
            part[torch.randperm(len(part), generator=generator)]
            for _ in range(-(-count // (V - 1)))
            for part in (ends, others)
        ]
    )[:count]
    sizes = torch.tensor(lengths)
    source = torch.full((len(lengths), S), pad_id)
    source[torch.arange(S) < sizes[:, None]] = words[torch.randperm(count, generator=generator)]
    return source, sizes


def draw_table(generator: torch.Generator) -> Tensor:
    """A random embedding matrix (V, 3): each row has both signs and a sum far from zero.

    So a ReLU on it, or a row left out, shows with every salt.
    """
    V = CONFIG["vocab_size"]
    rows = torch.rand(V, 3, generator=generator) + torch.tensor([-1.2, 0.2, 1.5])
    return torch.where(torch.arange(V)[:, None] % 3 == 2, -rows, rows)


def agrees(answer: Encoding, rows: list[Row]) -> bool:
    """Whether outputs at real tokens, h and c are all as the oracle's."""
    outputs, h, c = answer
    return all(
        alike(outputs[b, : len(row[0])], row[0])
        and alike(h[:, b], row[1])
        and alike(c[:, b], row[2])
        for b, row in enumerate(rows)
    )


def expect_lstm(
    student: Probed,
    config: dict[str, Any],
    table: Tensor,
    source: Tensor,
    lengths: Tensor,
    values: tuple[float, ...] = VALUES,
) -> None:
    """Compare with torch's LSTM when all its weights are one number, for several numbers."""
    for value in values:
        filling = {"embedding": table, "constant": value}
        report = student.encode(config=config, filling=filling, batches=[(source, lengths)])
        answer = encodings(report, [(source, lengths)], config)[0]
        oracles = (
            constant_rows(config, value, biases, table, source, lengths) for biases in (1, 2)
        )
        if any(agrees(answer, rows) for rows in oracles):
            continue
        expect_steady(student, config, filling, (source, lengths))
        explain_values(answer, config, value, table, source, lengths)


def explain_values(
    answer: Encoding,
    config: dict[str, Any],
    value: float,
    table: Tensor,
    source: Tensor,
    lengths: Tensor,
) -> None:
    """Say which known mistake the values are those of."""
    outputs, h, c = answer
    turned = source.clone()
    for row, length in zip(turned, lengths.tolist(), strict=True):
        row[:length] = row[:length].flip(0)
    if agrees(answer, encode_rows(constant_lstm(config, value, 0), table, source, lengths)):
        raise Wrong(
            "your LSTM has no bias",
            "leave bias=True, the default of nn.LSTM",
            line="lstm",
            share=0.2,
        )
    sentences = [table[row[:length]] for row, length in zip(source, lengths.tolist(), strict=True)]
    expect_no_known_mistake(known_mistake(config, value, sentences, h, c, outputs), lengths)
    for biases in (1, 2):
        lstm = constant_lstm(config, value, biases)
        rows = encode_rows(lstm, table, source, lengths)
        if agrees((outputs, c, h), rows):
            raise Wrong(
                "h and c are swapped",
                "return (h, c): hidden first, cell second",
                line="context",
                share=0.55,
            )
        backwards = encode_rows(lstm, table, turned, lengths)
        if has_states(h, c, backwards) and lengths.max() > 1:
            raise Wrong(
                "your encoder reads each sentence from right to left",
                "do not reverse source: whoever calls your encoder decides on the order",
                line="lstm",
                share=0.6,
            )
        if agrees((outputs, h.flip(0), c.flip(0)), rows):
            raise Wrong(
                "the layers of h and c are upside down",
                "h[0] reads the embeddings",
                line="context",
                share=0.55,
            )
        if has_states(h, c, rows):
            raise Wrong(
                "h and c are right, and outputs are not those of the top layer at every token",
                "outputs[b, t] is the top layer's h after token t, with nothing added to it",
                line="context",
                share=0.5,
            )
        alone = constant_lstm({**config, "num_layers": 1}, value, biases)
        bottom = encode_rows(alone, table, source, lengths)
        if (
            len(h) > 1
            and bool(h[0].isnan().all())
            and all(
                alike(h[-1:, b], row[1]) and alike(outputs[b, : len(row[0])], row[0])
                for b, row in enumerate(bottom)
            )
        ):
            raise Wrong(
                "h and c are those of a single layer, whatever num_layers is",
                "pass num_layers to nn.LSTM, or make as many cells",
                line="lstm",
                share=0.7,
            )
        top = [(row[0], row[1][-1:], row[2][-1:]) for row in rows]
        if (
            len(h) > 1
            and alike(h[:-1], h[-1:].expand_as(h[:-1]))
            and has_states(h[-1:], c[-1:], top)
        ):
            raise Wrong(
                "h is the same in all layers",
                "each layer has its own state",
                line="context",
                share=0.7,
            )
        to_the_end = encode_rows(lstm, table, source, torch.full_like(lengths, source.shape[1]))
        early = [lengths.clamp(max=most) for most in range(1, int(lengths.max()))]
        if any(has_states(h, c, encode_rows(lstm, table, source, most)) for most in early):
            raise Wrong(
                "in a sentence longer than a few tokens, h and c are the state after an earlier "
                "one than the last",
                "read source_lengths[b] tokens, however many: no limit is given",
                line="padding",
                share=0.5,
            )
        if has_states(h, c, to_the_end):
            raise Wrong(
                "h and c are the state after the last column, padding included",
                "a single row, or rows of equal length, may have padding after them too: "
                "source_lengths decide, for every batch",
                line="padding",
                share=0.25,
            )
        for word in (0, len(table) - 1):
            without = table.clone()
            without[word] = 0.0
            if has_states(h, c, encode_rows(lstm, without, source, lengths)):
                raise Wrong(
                    f"id {word} is treated as padding, and here it is a word",
                    "the id of padding is pad_id, whatever number that is, and source_lengths say "
                    "where a sentence ends",
                    line="lstm",
                    share=0.15,
                )
        if has_states(h, c, rows, DIGITS) and rounded(h, c):
            exact = all(alike(outputs[b, : len(row[0])], row[0]) for b, row in enumerate(rows))
            raise Wrong(
                "h and c are those of an LSTM to about two digits only",
                PRECISION,
                line="context" if exact else "lstm",
                share=0.35,
            )
        if all(alike(outputs[b, : len(row[0])], row[0]) for b, row in enumerate(rows)):
            raise Wrong(
                "outputs are right, and (h, c) is not the state after the last real token",
                "h and c hold all layers, bottom first, after each row's last real token",
                guess=True,
            )
    expect_no_known_mistake(known_mistake(config, value, sentences, h, c), lengths)
    raise Wrong(
        "with known weights, your encoder's values are not an LSTM's",
        "unidirectional, from a zero state, c' = f * c + i * g, h' = o * tanh(c'); layer l reads "
        "the h of layer l - 1; nothing but dropout stands between embedding and LSTM",
        guess=True,
    )


def expect_no_known_mistake(mistake: Mistake | None, lengths: Tensor) -> None:
    """Tell a mistake that was found."""
    if mistake is not None:  # of a token or two there is little to tell mistakes apart by
        few = int(lengths.max()) < 3
        share = None if few else mistake.share
        raise Wrong(mistake.says, mistake.help, few, line="lstm", share=share)


def has_states(h: Tensor, c: Tensor, rows: list[Row], atol: float = 1e-5) -> bool:
    """Whether h and c are the rows' final states."""
    return all(
        alike(h[:, b], row[1], atol) and alike(c[:, b], row[2], atol) for b, row in enumerate(rows)
    )


def draw_dropped(student: Probed, p: float, training: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs (draws, H), h and c (layers, draws, H) after one token in train mode.

    All embeddings are equal to one, and there are two layers: dropout is no matter of depth.
    """
    config = {**CONFIG, "num_layers": 2, "dropout": p}
    ones = torch.ones(CONFIG["vocab_size"], CONFIG["embedding_dim"])
    batches = [(torch.arange(6)[:, None], torch.ones(6, dtype=torch.int64))] * 20
    report = student.encode(
        config=config,
        filling={"embedding": ones, "constant": 0.2},
        batches=batches,
        training=training,
        seed=11,
    )
    answers = encodings(report, batches, config)
    outputs, h, c = zip(*answers, strict=True)
    return torch.cat(outputs)[:, 0], torch.cat(h, 1), torch.cat(c, 1)


def expect_outputs_as_h(student: Probed, p: float) -> None:
    """After one token outputs are h, in eval mode: else it is no matter of dropout."""
    outputs, h, _ = draw_dropped(student, p, training=False)
    if not alike(outputs, h[-1]):
        config = {**CONFIG, "num_layers": 2, "dropout": p}
        batch = torch.tensor([[1], [2], [3]]), torch.ones(3, dtype=torch.int64)
        expect_steady(student, config, {"seed": 3, "scale": 0.7}, batch)
    expect(alike(outputs, h[-1]), "outputs and h differ after one token, in eval mode too")


def levels(scale: float, biases: int) -> tuple[Tensor, Tensor]:
    """The h and c that k of E kept units, each scaled, can give: (E + 1,)."""
    E = CONFIG["embedding_dim"]
    lstm = constant_lstm({**CONFIG, "num_layers": 1}, 0.2, biases)
    kept = scale * torch.tril(torch.ones(E + 1, E), -1)
    _, (h, c) = lstm(kept[:, None])
    return h[0, :, 0].detach(), c[0, :, 0].detach()


def explain_dropped(h: Tensor, p: float) -> None:
    """Say how states (draws, H) after one token came about, if not by dropout p of embeddings."""
    givens = "give nn.Dropout the dropout that your encoder is given"
    scales = {
        1.0: ("the units that are kept are not scaled up", "divide them by 1 - dropout", 0.5),
        (1 - p) ** -2: ("dropout is applied twice", "apply it once, to the embeddings", 0.45),
        1 / p: ("dropout is taken for the probability to keep", givens + ", unchanged", 0.75),
        1 - p: ("the units that are kept are scaled down", "divide them by 1 - dropout", 0.5),
    }
    for other in (0.1, 0.2, 0.25, 0.4, 0.5):
        scales[1 / (1 - other)] = ("dropout is another number than the one given", givens, 0.6)
    for scale, (says, help, share) in scales.items():
        for biases in (1, 2):
            near = (h[:, :1] - levels(scale, biases)[0]).abs() < 1e-5  # (draws, levels)
            if near.any(1).all() and near[:, :-1].any():
                raise Wrong("in train mode " + says, help, share=share)
            if near[:, -1].all() and scale == 1.0:
                raise Wrong(
                    "in train mode nothing is dropped before the bottom layer",
                    "apply nn.Dropout(dropout) to the embeddings, whatever num_layers is",
                    guess=True,
                    share=0.5,
                )
    raise Wrong(
        "in train mode a one-layer encoder's state is not that of an embedding with some units "
        "dropped and the others divided by 1 - dropout",
        "nn.Dropout(dropout) on the embeddings and nothing else: not on h or c, no other noise",
        guess=True,
    )


@remembered
@torch.enable_grad()  # whatever a submission graded in this process left behind
def slopes(
    config: dict[str, Any],
    table: Tensor,
    source: Tensor,
    lengths: Tensor,
    weights: dict[str, Tensor],
    biases: int,
) -> dict[str, Tensor]:
    """The gradient with respect to the embedding of each weighted sum."""
    rows = encode_rows(constant_lstm(config, 0.2, biases), table, source, lengths)
    parts: dict[str, list[Tensor]] = {"outputs": [], "h": [], "c": []}
    for b, (outputs, h, c) in enumerate(rows):
        parts["outputs"].append((outputs * weights["outputs"][b, : len(outputs)]).sum())
        parts["h"].append((h * weights["h"][:, b]).sum())
        parts["c"].append((c * weights["c"][:, b]).sum())
    totals = {name: torch.stack(sums).sum() for name, sums in parts.items()}
    return {
        name: torch.autograd.grad(total, table, retain_graph=True)[0]
        for name, total in totals.items()
    }
