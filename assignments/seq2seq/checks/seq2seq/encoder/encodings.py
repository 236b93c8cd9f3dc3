"""What an encoder returned, compared with what it returns for each row alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from checks.expect import Wrong, close, expect, expect_shape, kind

from ..probed import Probed
from ..shared.precision import DIGITS, PRECISION

Encoding = tuple[Tensor, Tensor, Tensor]  # outputs, h, c

CRASH = (
    "forward(source, source_lengths) takes (B, S) and (B,) int64 and returns outputs, (h, c); one "
    "row, one token and lengths in any order (enforce_sorted=False) are all legal"
)
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
    expect_shape(outputs, (B, S, H), "outputs", outputs_help(outputs, (B, S, H)))
    for tensor, name in ((state[0], "h"), (state[1], "c")):
        expect_shape(tensor, (L, B, H), name, state_help(tensor, (L, B, H)))
    for tensor, name in ((outputs, "outputs"), (state[0], "h"), (state[1], "c")):
        expect(tensor.is_floating_point(), f"{name} should hold floating-point numbers")
    expect(
        all(bool(part.isfinite().all()) for part in state),
        "h or c holds NaN or infinity",
        "a mask that multiplies does not remove NaN (0 * NaN is NaN): choose with torch.where",
    )
    return outputs, state[0], state[1]


ONE_DIRECTION = (
    "the last dimension is hidden_dim, neither embedding_dim nor 2 * hidden_dim: the LSTM reads in "
    "one direction, so no bidirectional=True"
)
SQUEEZED = (
    "keep every dimension, even for one layer, one sentence or one token: squeeze() without a "
    "dimension drops all that have size 1"
)


def outputs_help(got: Any, wanted: tuple[int, int, int]) -> str:
    """The likeliest reason for a shape other than (B, S, H)."""
    shape = tuple(got.shape) if isinstance(got, Tensor) else ()
    if 0 < len(shape) < 3:
        return SQUEEZED
    if shape[:2] == wanted[:2]:
        return ONE_DIRECTION
    return (
        "outputs has one column for every column of source, even where max(source_lengths) is "
        "smaller (see total_length of pad_packed_sequence), and the first sentence need not be the "
        "longest"
    )


def state_help(got: Any, wanted: tuple[int, int, int]) -> str:
    """The likeliest reason for a shape other than (L, B, H)."""
    shape = tuple(got.shape) if isinstance(got, Tensor) else ()
    L, B, H = wanted
    if 0 < len(shape) < 3:
        return SQUEEZED
    if shape == (B, L, H):
        return "h and c stay (L, B, H) as an LSTM gives them: batch_first is not about them"
    if shape[:2] == (L, B):
        return ONE_DIRECTION
    if shape[:1] == (L,):
        return "the LSTM took another dimension for the batch: it needs batch_first=True"
    return "h and c hold every layer: (num_layers, batch, hidden_dim)"


def rows_alone(source: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Every row of a batch as a batch of its own, without padding."""
    pairs = zip(source, lengths.tolist(), strict=True)
    return [(row[None, :length].clone(), torch.tensor([length])) for row, length in pairs]


def shapes_of(batches: list[tuple[Tensor, Tensor]]) -> list[tuple[int, int]]:
    """(B, S) of each batch."""
    return [(source.shape[0], source.shape[1]) for source, _ in batches]


def expect_steady(
    student: Probed,
    config: dict[str, Any],
    filling: dict[str, Any],
    batch: tuple[Tensor, Tensor],
) -> None:
    """Blame chance or memory where a wrong answer is another one when asked again."""
    asked: dict[str, Any] = {"config": config, "filling": filling, "batches": [batch] * 2}
    shapes = shapes_of([batch] * 2)
    (_, *state), (_, *again) = encodings(student.encode(**asked), shapes, config)
    if all(map(close, state, again)):
        return
    (_, *anew), _ = encodings(student.encode(**asked, seed=1), shapes, config)
    expect(
        all(map(close, state, anew)),
        "in eval mode your encoder gives different answers for the same sentence, by chance",
        "F.dropout is active unless told training=self.training; an initial state must be zeros, "
        "not torch.randn; layers are made once, in __init__",
    )
    raise Wrong(
        "in eval mode a second call gives another answer for the same sentence",
        "start every call from a zero state, and keep nothing of it on self",
    )


def expect_modes_alike(
    student: Probed,
    config: dict[str, Any],
    filling: dict[str, Any],
    batch: tuple[Tensor, Tensor],
) -> None:
    """Check that an encoder with dropout 0 answers alike in both modes."""
    answers = []
    for training in (False, True):
        modes: dict[str, Any] = {"training": training, "seed": int(training)}  # any noise shows
        report = student.encode(config=config, filling=filling, batches=[batch], **modes)
        answers.append(encodings(report, shapes_of([batch]), config)[0][1:])
    if all(map(close, *answers)):
        return
    expect_steady(student, config, filling, batch)
    raise Wrong(
        "with dropout 0, train mode gives another state than eval mode",
        "do the same in both modes but for the dropout that your encoder is given, the "
        "probability to drop and not to keep: no number of your own, no batch normalisation, no "
        "other noise, and padding is read in neither",
        guess=True,
    )


def expect_own_pad(
    student: Probed,
    config: dict[str, Any],
    filling: dict[str, Any],
    source: Tensor,
    lengths: Tensor,
) -> None:
    """Say so if rows come out right where padding, and nothing else, is id 0."""
    words = torch.where(source == 0, 1, source)
    padded = torch.arange(source.shape[1]) >= lengths[:, None]
    batch = torch.where(padded, 0, words), lengths
    batches = [batch, *rows_alone(*batch)]
    report = student.encode(config=config, filling=filling, batches=batches)
    (_, *state), *alone = encodings(report, shapes_of(batches), config)
    _, hs, cs = zip(*alone, strict=True)
    apart = torch.cat(hs, 1), torch.cat(cs, 1)
    expect(
        not all(map(close, state, apart)),
        "id 0 is taken for padding, and here it is a word like others",
        "the id of padding is pad_id, whatever number that is, and source_lengths say where a "
        "sentence ends",
    )


def expect_rows_as_alone(
    student: Probed,
    config: dict[str, Any],
    filling: dict[str, Any],
    source: Tensor,
    lengths: Tensor,
) -> None:
    """Compare each row of a batch with the same row encoded alone, and name the difference."""
    full = torch.full_like(lengths, source.shape[1])
    batches = [(source, lengths), (source.clone(), full), *rows_alone(source, lengths)]
    report = student.encode(config=config, filling=filling, batches=batches)
    together, unmasked, *alone = encodings(report, shapes_of(batches), config)
    hs = torch.cat([h for _, h, _ in alone], 1)  # (layers, batch, hidden)
    cs = torch.cat([c for _, _, c in alone], 1)  # (layers, batch, hidden)
    if not (close(together[1], hs) and close(together[2], cs)):
        expect_steady(student, config, filling, (source, lengths))
        apart = (hs - together[1]).abs().max(), (cs - together[2]).abs().max()
        expect(
            not max(apart) < DIGITS,
            "a row in a batch and the row alone get the same state to about two digits only",
            PRECISION,
        )
        expect_own_pad(student, config, filling, source, lengths)
        # a token too many is told by what the student's own encoder makes of longer sentences
        longer = (lengths + 1).clamp(max=source.shape[1])
        asked = rows_alone(source, longer)
        late = encodings(
            student.encode(config=config, filling=filling, batches=asked), shapes_of(asked), config
        )
        explain_state(together, unmasked, hs, cs, lengths, torch.cat([h for _, h, _ in late], 1))
    for row, (outputs, _, _) in enumerate(alone):
        length = int(lengths[row])
        expect(
            close(together[0][row, :length], outputs[0]),
            "a sentence's outputs differ between a padded batch and the sentence alone, though "
            "its final state does not",
            "outputs[b, t] is the top layer's h after token t of row b, in the batch's order; view "
            "and reshape do not transpose",
        )


def explain_state(
    together: Encoding, unmasked: Encoding, hs: Tensor, cs: Tensor, lengths: Tensor, late: Tensor
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
    if close(h, late):
        raise Wrong(
            "h is one token late: it is the state after the padding that follows the last token",
            "count from 0: the last real token stands at source_lengths[b] - 1, and a row is still "
            "read at t as long as t < source_lengths[b]",
        )
    if close(h, hs):
        if of_other_rows(c, cs):
            raise Wrong(
                "h comes back in the batch's own order, c does not",
                "whatever you do to the order of the rows of h, do to c",
            )
        raise Wrong(
            "h is right and c is not: a row's c differs between a padded batch and the row alone",
            "c, too, is the state after the row's last real token",
        )
    for descending in (True, False):
        order = lengths.argsort(descending=descending, stable=True)
        if not close(hs[:, order], hs) and close(h, hs[:, order]):
            raise Wrong(
                "the final states come back sorted by length, not in the batch's own order",
                "if you sort rows before packing, put h and c back into the order of source; "
                "enforce_sorted=False does both for you",
            )
    if of_other_rows(h, hs):
        raise Wrong(
            "the final states come back in a wrong order: a row gets the state of another row",
            "if x[order] is sorted, x[order][order] is not x again, but x[order][order.argsort()] "
            "is, also where lengths are equal; enforce_sorted=False sorts and restores for you",
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
            "source_lengths[b] tokens, and it starts from zeros at the first: a zero embedding is "
            "not no token, and a source reversed with its padding begins with padding",
        )
    raise Wrong(
        "a sentence's final state depends on the batch it is in: alone it gets another",
        "start each row from a zero state and take its state after source_lengths[b] tokens; "
        "rows must not mix, so mind which dimension is the batch: view and reshape do not "
        "transpose",
        guess=True,
    )


def of_other_rows(states: Tensor, alone: Tensor) -> bool:
    """Whether every row of (layers, batch, hidden) is one of those of the rows alone."""
    return all(any(close(row, one) for one in alone.unbind(1)) for row in states.unbind(1))


def expect_batches_unchanged(report: Any, batches: list[tuple[Tensor, Tensor]]) -> None:
    """Compare the batches given with what is left of them."""
    after: Any = report.get("batches") if isinstance(report, dict) else None
    good = isinstance(after, list) and len(after) == len(batches)
    for left, batch in zip(after if good else [], batches, strict=good):
        pair = isinstance(left, tuple | list) and len(left) == 2
        good = good and pair and all(map(equal, left, batch))
    expect(
        good,
        "source or source_lengths is changed by encoding it",
        "do not sort or overwrite the caller's tensors in place; make new ones",
    )


def equal(value: Any, tensor: Tensor) -> bool:
    """Whether a value is this very tensor."""
    return isinstance(value, Tensor) and torch.equal(value, tensor)


def arriving(report: Any, name: str, config: dict[str, Any]) -> Tensor:
    """The gradient of one total with respect to the embeddings (V, E), if any arrives."""
    slope: Any = report.get(name) if isinstance(report, dict) else None
    gradient: Any = slope[0] if isinstance(slope, list) and slope else None
    shape = (config["vocab_size"], config["embedding_dim"])
    if not (isinstance(gradient, Tensor) and gradient.shape == shape and bool(gradient.any())):
        raise Wrong(
            f"no gradient of {name} arrives at the embeddings",
            "something cuts the graph: .detach(), .data, torch.no_grad(), .item(), a frozen "
            "embedding, or a new tensor made from values",
        )
    return gradient


def expect_learned(slope: Tensor, words: Tensor) -> None:
    """Check that every one of some words has a gradient of its embedding (V, E)."""
    expect(
        int((~slope[words].any(1)).sum()) != 1,
        "no gradient arrives at the embedding of one word, which therefore never learns",
        "is that id taken for padding? padding_idx is pad_id, whatever number that is",
    )
