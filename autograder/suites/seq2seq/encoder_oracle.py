"""What an encoder's values are when all LSTM weights are one number, and why others differ."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.checks.expect import Wrong, close
from autograder.suites.seq2seq.checks.test_encoder import (
    Encoding,
    encodings,
    shapes_of,
)
from autograder.suites.seq2seq.oracles import CONFIG, Row, constant_lstm, encode_rows

VALUES = (0.11, -0.17, 0.3)


def draw_source(generator: torch.Generator, lengths: list[int], S: int) -> tuple[Tensor, Tensor]:
    """Random sentences without PAD in them, padded to S columns."""
    words = torch.tensor([i for i in range(CONFIG["vocab_size"]) if i != CONFIG["pad_id"]])
    source = words[torch.randint(len(words), (len(lengths), S), generator=generator)]
    source[torch.arange(S) >= torch.tensor(lengths)[:, None]] = CONFIG["pad_id"]
    return source, torch.tensor(lengths)


def draw_table(generator: torch.Generator) -> Tensor:
    """A random embedding matrix (V, E)."""
    return torch.randn(CONFIG["vocab_size"], CONFIG["embedding_dim"], generator=generator)


def agrees(answer: Encoding, rows: list[Row]) -> bool:
    """Whether outputs at real tokens, h and c are all as the oracle's."""
    outputs, h, c = answer
    return all(
        close(outputs[b, : len(row[0])], row[0])
        and close(h[:, b], row[1])
        and close(c[:, b], row[2])
        for b, row in enumerate(rows)
    )


def expect_lstm(
    student: Any, config: dict[str, Any], table: Tensor, source: Tensor, lengths: Tensor
) -> None:
    """Compare with torch's LSTM when all its weights are one number, for several numbers."""
    for value in VALUES:
        filling = {"embedding": table, "constant": value}
        report = student.encode(config=config, filling=filling, batches=[(source, lengths)])
        answer = encodings(report, shapes_of([(source, lengths)]), config)[0]
        if any(
            agrees(
                answer, encode_rows(constant_lstm(config, value, biases), table, source, lengths)
            )
            for biases in (1, 2)
        ):
            continue
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
        raise Wrong("your LSTM has no bias", "leave bias=True, the default of nn.LSTM")
    for biases in (1, 2):
        lstm = constant_lstm(config, value, biases)
        rows = encode_rows(lstm, table, source, lengths)
        if agrees((outputs, c, h), rows):
            raise Wrong("h and c are swapped", "return (h, c): hidden first, cell second")
        backwards = encode_rows(lstm, table, turned, lengths)
        if all(close(h[:, b], row[1]) for b, row in enumerate(backwards)) and lengths.max() > 1:
            raise Wrong(
                "your encoder reads each sentence from right to left",
                "do not reverse source: whoever calls your encoder decides on the order",
            )
        if agrees((outputs, h.flip(0), c.flip(0)), rows):
            raise Wrong("the layers of h and c are upside down", "h[0] reads the embeddings")
        if all(close(h[:, b], row[1]) and close(c[:, b], row[2]) for b, row in enumerate(rows)):
            raise Wrong(
                "h and c are right, and outputs are not those of the top layer at every token",
                "outputs[b, t] is the top layer's h after token t, with nothing added to it",
            )
        if all(close(outputs[b, : len(row[0])], row[0]) for b, row in enumerate(rows)):
            raise Wrong(
                "outputs are right, and (h, c) is not the state after the last real token",
                "h and c hold all layers, bottom first, after each row's last real token",
            )
    raise Wrong(
        "with known weights, your encoder's values are not an LSTM's",
        "unidirectional, from a zero state, c' = f * c + i * g, h' = o * tanh(c'); layer l reads "
        "the h of layer l - 1; nothing but dropout stands between embedding and LSTM",
    )


def draw_dropped(student: Any, p: float) -> tuple[Tensor, Tensor, Tensor]:
    """States after one token in train mode, all embeddings equal to one: (12 * 8, H) each."""
    config = {**CONFIG, "num_layers": 1, "dropout": p}
    ones = torch.ones(CONFIG["vocab_size"], CONFIG["embedding_dim"])
    batches = [(torch.arange(6)[:, None], torch.ones(6, dtype=torch.int64))] * 20
    report = student.encode(
        config=config,
        filling={"embedding": ones, "constant": 0.2},
        batches=batches,
        training=True,
        seed=11,
    )
    answers = encodings(report, shapes_of(batches), config)
    outputs = torch.cat([outputs[:, 0] for outputs, _, _ in answers])
    return outputs, torch.cat([h[0] for _, h, _ in answers]), torch.cat([c[0] for *_, c in answers])


def levels(p: float, biases: int) -> tuple[Tensor, Tensor]:
    """The h and c that k of E kept units, each scaled by 1 / (1 - p), can give: (E + 1,)."""
    E = CONFIG["embedding_dim"]
    lstm = constant_lstm({**CONFIG, "num_layers": 1}, 0.2, biases)
    kept = torch.tril(torch.ones(E + 1, E), -1) / (1 - p)
    _, (h, c) = lstm(kept[:, None])
    return h[0, :, 0].detach(), c[0, :, 0].detach()


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
