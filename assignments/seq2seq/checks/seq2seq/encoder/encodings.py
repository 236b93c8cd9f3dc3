"""What an encoder returned, compared with what it returns for each row alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from checks.expect import Wrong, close, expect, mended

from ..probed import Probed
from ..shared.precision import DIGITS, PRECISION
from .asking import CHANCE, REMEMBERED, Batch, Remembers, Unsteady
from .forms import Encoding, alike, encoding, without_zeros

WHOLE_STATE = (
    "the state of a row is the one after its last real token, that is after "
    "source_lengths[b] tokens, and it starts from zeros at the first: a zero embedding is "
    "a token too, and a source reversed with its padding begins with padding"
)


def encodings(report: Any, batches: list[Batch], config: dict[str, Any]) -> list[Encoding]:
    """Take (outputs, h, c) of each batch out of a report, or say what is wrong with it."""
    facts: dict[str, Any] = report if isinstance(report, dict) else {}
    results: Any = facts.get("results")
    if not (isinstance(results, list) and len(results) == len(batches)):
        raise Wrong("the answers of your encoder could not be read")
    heard: Any = facts.get("heard")
    if isinstance(heard, list) and len(heard) == len(results) and None not in heard:
        mended(
            "forward should return outputs, (h, c); it returned None (is a `return` missing?)",
            "the last line of forward is `return outputs, (h, c)`",
            line="context",
            share=1.0,
        )
        unseen = "what forward makes of its LSTM's answer cannot be judged without a `return`"
        for line in ("rows", "clean"):
            mended(
                unseen, "the last line of forward is `return outputs, (h, c)`", line=line, share=0.6
            )
        results = [x if value is None else value for value, x in zip(results, heard, strict=True)]
    if facts.get("arrays") is True:
        mended(
            "outputs, h and c are NumPy arrays, and should be tensors",
            "return what the LSTM gives: no gradient passes through .numpy()",
            line="context",
            share=0.3,
        )
    answers = [
        encoding(value, lengths, source.shape[1], config, facts.get("weights"), alone=False)
        for value, (source, lengths) in zip(results, batches, strict=True)
    ]
    return without_zeros(answers)


def rows_alone(source: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Every row of a batch as a batch of its own, without padding."""
    pairs = zip(source, lengths.tolist(), strict=True)
    return [(row[None, :length].clone(), torch.tensor([length])) for row, length in pairs]


def expect_steady(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], batch: Batch, times: int = 6
) -> None:
    """Blame chance or memory where a wrong answer is another one when asked again."""
    same = [batch] * times
    asked: dict[str, Any] = {"config": config, "filling": filling, "batches": same}
    (_, *state), *others = encodings(student.encode(**asked), same, config)
    if all(all(map(alike, state, again)) for _, *again in others):
        return
    anew = encodings(student.encode(**asked, seed=1), same, config)[0][1:]
    if not all(map(alike, state, anew)):
        raise Unsteady(*CHANCE)
    raise Remembers(*REMEMBERED)


def expect_modes_alike(
    student: Probed, config: dict[str, Any], filling: dict[str, Any], batch: Batch
) -> None:
    """Check that an encoder with dropout 0 answers alike in both modes."""

    def ask(batch: Batch, seed: int, training: bool, **other: Any) -> list[Tensor]:
        asked = {"config": config, "filling": filling, "batches": [batch], **other}
        report = student.encode(**asked, training=training, seed=seed)
        return list(encodings(report, [batch], config)[0][1:])

    still, moving = ask(batch, 0, False), ask(batch, 1, True)  # any noise shows
    if all(map(alike, still, moving)):
        return
    expect_steady(student, config, filling, batch)
    says = "with dropout 0, train mode gives another state than eval mode"
    help = (
        "do the same in both modes but for the dropout that your encoder is given, the "
        "probability to drop and not to keep: no number of your own, no batch normalisation, no "
        "other noise, and padding is read in neither"
    )
    source, lengths = batch
    real = torch.arange(source.shape[1]) < lengths[:, None]
    others = torch.where(real, torch.where(source == 0, 1, 0), source), lengths
    if all(map(alike, moving, ask(others, 1, True))) and not all(
        map(alike, still, ask(others, 0, False))
    ):  # of the sentence nothing is left
        raise Wrong(says, help, line="dropout", share=0.75)
    if not all(map(alike, moving, ask(batch, 2, True))):
        raise Wrong(says, help, line="dropout", share=0.65)
    row = int(batch[1].argmax())  # alone and without padding
    alone = rows_alone(*batch)[row]
    if all(map(alike, ask(alone, 0, False), ask(alone, 1, True))):
        raise Wrong(says, help, line="padding", share=0.7)
    mended(says, help, line="rows", share=0.4)
    raise Wrong(says, help, line="lstm", share=0.5)


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
    (_, *state), *alone = encodings(report, batches, config)
    expect(
        not all(map(alike, state, together_of(alone))),
        "id 0 is taken for padding, and here it is a word like others",
        "the id of padding is pad_id, whatever number that is, and source_lengths say where a "
        "sentence ends",
        line="padding",
        share=0.7,
    )


def together_of(alone: list[Encoding]) -> tuple[Tensor, Tensor]:
    """The h and c of rows that were asked alone, as those of a batch."""
    return torch.cat([h for _, h, _ in alone], 1), torch.cat([c for _, _, c in alone], 1)


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
    together, unmasked, *alone = encodings(report, batches, config)
    hs, cs = together_of(alone)  # (layers, batch, hidden)
    if not (alike(together[1], hs) and alike(together[2], cs)):
        expect_steady(student, config, filling, (source, lengths))
        apart = (hs - together[1]).nan_to_num().abs(), (cs - together[2]).nan_to_num().abs()
        expect(
            not max(float(part.max()) for part in apart) < DIGITS,
            "a row in a batch and the row alone get the same state to about two digits only",
            PRECISION,
            line="lstm",
            share=0.35,
        )
        expect_own_pad(student, config, filling, source, lengths)

        def ask_alone(most: Tensor) -> tuple[Tensor, Tensor]:
            asked = rows_alone(source, most)
            report = student.encode(config=config, filling=filling, batches=asked)
            return together_of(encodings(report, asked, config))

        # a token too many is told by what the student's own encoder makes of longer sentences
        late, _ = ask_alone((lengths + 1).clamp(max=source.shape[1]))
        explain_state(together, unmasked, hs, cs, lengths, late)
        whole = ask_alone(full)
        if not all(map(alike, unmasked[1:], whole)):  # rows differ though there is no padding
            says = "a sentence's final state depends on the batch it is in: alone it gets another"
            help = (
                "start each row from a zero state and take its state after source_lengths[b] "
                "tokens; rows must not mix, so mind which dimension is the batch: view and reshape "
                "do not transpose"
            )
            mended(says, help, line="lstm", share=0.5)
            raise Wrong(says, help, line="rows", share=1.0)
        single = lengths == lengths.max()
        if alike(together[1][:, single], hs[:, single]):
            raise Wrong(
                "h and c are right for the longest sentence only: padding changes the final state "
                "of the shorter ones",
                WHOLE_STATE,
                line="padding",
                share=1.0,
            )
        raise Wrong(
            "a sentence's final state depends on the batch it is in: alone it gets another",
            "source_lengths[b] belongs to row b of source: each row's state is the one after its "
            "own last real token",
            line="padding",
            share=1.0,
        )
    wrong = [
        row
        for row, (outputs, _, _) in enumerate(alone)
        if not alike(together[0][row, : int(lengths[row])], outputs[0])
    ]
    if not wrong:
        return
    says = (
        "a sentence's outputs differ between a padded batch and the sentence alone, though its "
        "final state does not"
    )
    help = (
        "outputs[b, t] is the top layer's h after token t of row b, in the batch's order; view and "
        "reshape do not transpose"
    )
    firsts = [outputs[0, 0] for outputs, _, _ in alone]
    moved = all(any(close(row[0], first) for first in firsts) for row in together[0])
    raise Wrong(says, help, line="rows" if moved else "context", share=0.6 if moved else 0.5)


def explain_state(
    together: Encoding, unmasked: Encoding, hs: Tensor, cs: Tensor, lengths: Tensor, late: Tensor
) -> None:
    """Say why the states of a batch are not those of its rows alone, if that is known."""
    _, h, c = together
    if alike(h, unmasked[1]) and alike(c, unmasked[2]):
        equal_lengths = bool((lengths == lengths[0]).all())
        raise Wrong(
            "h and c are the state after the last column, padding included, not after each "
            "row's last real token",
            "the LSTM went on reading padding; pack the batch with source_lengths, or take each "
            "row's state at its own last real token",
            line="padding",
            share=0.25 if equal_lengths else 1.0,
        )
    if alike(h, late):
        raise Wrong(
            "h is one token late: it is the state after the padding that follows the last token",
            "count from 0: the last real token stands at source_lengths[b] - 1, and a row is still "
            "read at t as long as t < source_lengths[b]",
            line="padding",
            share=0.8,
        )
    if alike(h, hs):
        if of_other_rows(c, cs):
            raise Wrong(
                "h comes back in the batch's own order, c does not",
                "whatever you do to the order of the rows of h, do to c",
                line="rows",
                share=0.8,
            )
        raise Wrong(
            "h is right and c is not: a row's c differs between a padded batch and the row alone",
            "c, too, is the state after the row's last real token",
            line="padding",
            share=0.6,
        )
    if alike(c, cs):
        moved = of_other_rows(h, hs)
        raise Wrong(
            "c is right and h is not: a row's h differs between a padded batch and the row alone",
            "whatever you do to c, its order and its last real token, do to h",
            line="rows" if moved else "padding",
            share=0.8 if moved else 0.6,
        )
    for descending in (True, False):
        order = lengths.argsort(descending=descending, stable=True)
        if not alike(hs[:, order], hs) and alike(h, hs[:, order]):
            raise Wrong(
                "the final states come back sorted by length, not in the batch's own order",
                "if you sort rows before packing, put h and c back into the order of source; "
                "enforce_sorted=False does both for you",
                line="rows",
                share=1.0,
            )
    if of_other_rows(h, hs):
        raise Wrong(
            "the final states come back in a wrong order: a row gets the state of another row",
            "if x[order] is sorted, x[order][order] is not x again, but x[order][order.argsort()] "
            "is, also where lengths are equal; enforce_sorted=False sorts and restores for you",
            line="rows",
            share=1.0,
        )
    if alike(h[-1], hs[-1]) and len(h) > 1:
        raise Wrong(
            "the top layer's final h is right, but the state of the layers below is not",
            "h and c of every layer are those after the row's last real token",
            line="padding",
            share=0.8,
        )


def of_other_rows(states: Tensor, alone: Tensor) -> bool:
    """Whether every row of (layers, batch, hidden) is one of those of the rows alone."""
    return all(any(alike(row, one) for one in alone.unbind(1)) for row in states.unbind(1))


def expect_batches_unchanged(report: Any, batches: list[Batch]) -> None:
    """Compare the batches given with what is left of them."""
    after: Any = report.get("batches") if isinstance(report, dict) else None
    good = isinstance(after, list) and len(after) == len(batches)
    kept = good  # the lengths
    for left, batch in zip(after if good else [], batches, strict=good):
        pair = isinstance(left, tuple | list) and len(left) == 2
        good = good and pair and all(map(equal, left, batch))
        kept = kept and pair and equal(left[1], batch[1])
    expect(
        good,
        "source or source_lengths is changed by encoding it",
        "do not sort or overwrite the caller's tensors in place; make new ones",
        line="clean",
        share=0.8 if kept else 1.0,
    )


def equal(value: Any, tensor: Tensor) -> bool:
    """Whether a value is this very tensor."""
    return isinstance(value, Tensor) and torch.equal(value, tensor)


CUT = (
    "something cuts the graph: .detach(), .data, torch.no_grad(), .item(), a frozen "
    "embedding, or a new tensor made from values"
)


def ask_gradients(student: Probed, **asked: Any) -> Any:
    """A report on gradients in train mode; in eval mode if the values in train mode are others.

    That is told elsewhere, and its gradients are no other mistake.
    """
    batch: Batch = asked["source"], asked["source_lengths"]
    report = student.encoder_gradients(**asked)
    try:
        expect_arrivals(report, batch, asked["config"])
    except Wrong:
        try:
            expect_modes_alike(student, asked["config"], asked["filling"], batch)
        except Wrong as error:
            if isinstance(error, Unsteady | Remembers):
                raise
            return student.encoder_gradients(**asked, training=False)
    return report


def expect_arrivals(report: Any, batch: Batch, config: dict[str, Any]) -> dict[str, Tensor]:
    """The gradients (V, E) of outputs, h and c with respect to the embeddings.

    What did not come back at all is left out.
    """
    facts: dict[str, Any] = report if isinstance(report, dict) else {}
    if "results" in facts:
        encodings(facts, [batch], config)
    came = facts.get("came")
    shape = (config["vocab_size"], config["embedding_dim"])
    arrived: dict[str, Tensor] = {}
    silent = []
    for name in ("outputs", "h", "c"):
        part = came.get(name) if isinstance(came, dict) else None
        if isinstance(part, Tensor) and not bool(part.any()):
            continue
        (gradient,) = facts.get(name) or (None,)
        if gradient is not None and gradient.shape == shape and bool(gradient.any()):
            arrived[name] = gradient
        else:
            silent.append(name)
    if not silent:
        expect(bool(arrived), "the gradients of your encoder could not be read")
        return arrived
    says = f"no gradient of {silent[0]} arrives at the embeddings"
    if not arrived:  # the embeddings alone, or nothing at all
        reached = facts.get("reached")
        frozen = type(reached) is int and reached > 0
        raise Wrong(says, CUT, share=0.85 if frozen else None)
    if "outputs" in arrived and "h" not in arrived and "c" not in arrived:
        # a decoder gets nothing else
        mended(says, CUT, line="context", share=0.8)
        raise Wrong(says, CUT, share=1.0)
    raise Wrong(says, CUT, share=0.4 if silent == ["outputs"] else 0.7)


def expect_registered(weights: Any, config: dict[str, Any]) -> None:
    """Check that an encoder's LSTM has weights among its parameters."""
    least = 4 * config["hidden_dim"] * (config["embedding_dim"] + config["hidden_dim"])
    if type(weights) is int and weights < least / 2:
        says = "some weights of your LSTM are not among your encoder's parameters"
        help = (
            "an optimizer finds only what is registered: make layers in __init__, and keep a list "
            "of them in nn.ModuleList"
        )
        mended(says, help, line="lstm", share=0.4)
        raise Wrong(says, help, line="learning", share=1.0)


def expect_learned(
    student: Probed,
    config: dict[str, Any],
    filling: dict[str, Any],
    slope: Tensor,
    words: Tensor,
) -> None:
    """Check that every one of some words has a gradient of its embedding (V, E)."""
    silent = words[~slope[words].any(1)]
    if len(silent) != 1:
        return
    word = int(silent)
    first, last = [other for other in range(3) if other != word][:2]
    source, lengths = torch.tensor([[first, word, last]]), torch.tensor([3])
    L, H = config["num_layers"], config["hidden_dim"]
    ones = {"outputs": (1, 3, H), "h": (L, 1, H), "c": (L, 1, H)}
    report = student.encoder_gradients(
        config=config,
        filling=filling,
        source=source,
        source_lengths=lengths,
        real=torch.ones(1, 3, dtype=torch.bool),
        weights={name: torch.ones(shape) for name, shape in ones.items()},
    )
    slopes = expect_arrivals(report, (source, lengths), config).values()
    expect(
        any(bool(each[word].any()) for each in slopes),  # though it stands in the middle
        "no gradient arrives at the embedding of one word, which therefore never learns",
        "is that id taken for padding? padding_idx is pad_id, whatever number that is",
        line="learning",
        share=0.5,
    )
