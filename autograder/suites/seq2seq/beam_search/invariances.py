"""What may change in a call to `beam_search` without changing the hypotheses."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from checks.expect import Wrong, expect
from checks.seq2seq.beam_search.trees import near
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import Hypothesis
from checks.seq2seq.shared.trees import batch_of

from .cases import SearchCase, beam, same, tokens_of
from .graphs import renamed
from .mistakes import expect_well_formed


def expect_rows_alone(student: Probed, case: SearchCase, order: list[int]) -> None:
    """Each sentence gets what it gets alone, in the batch as it is and in another order."""
    together = case.ask(student)
    moved = case.ask(student, **batch_of(case.model, order))
    for place, row in enumerate(order):
        (alone,) = case.ask(student, **batch_of(case.model, [row]))
        expect(
            same(alone, together[row]) and same(alone, moved[place]),
            "the rows of a batch influence each other: a sentence gets other hypotheses in "
            "a batch than alone",
            "row b owns decoder rows b * beam_width to (b + 1) * beam_width - 1: use "
            "repeat_interleave, not repeat; choose candidates within a row; end a row only "
            "when that row is done",
        )


def expect_no_effect_of(offset: Tensor, student: Probed, case: SearchCase) -> None:
    """What is added to all logits after a token, (vocabulary,), changes nothing."""
    plain = case.ask(student)
    options = {"beam_width": case.width, "max_length": case.max_length}
    moved: list[list[Hypothesis]]
    try:
        moved = beam(student, {**case.model, "offset": offset}, **options)
    except Wrong:  # what cannot be read is other, too
        moved = [[] for _ in plain]
    for row, other in zip(plain, moved, strict=True):
        expect(
            tokens_of(row) == tokens_of(other)
            and all(abs(a.log_prob - b.log_prob) < 1e-3 for a, b in zip(row, other, strict=True)),
            "when a constant is added to all logits of a step, the hypotheses change",
            "use log_softmax over the vocabulary; raw logits do not compare between hypotheses, "
            "and exp of large logits overflows",
        )


def expect_same_under_other_names(
    student: Probed, case: SearchCase, names: Iterable[tuple[int, int, int]]
) -> None:
    """With other ids, of which `names` are PAD, BOS and EOS, the hypotheses are the same words."""
    plain = case.ask(student)
    options = {"beam_width": case.width, "max_length": case.max_length}
    for specials in names:
        other, new = renamed(case.model, specials)
        for row, moved in zip(plain, beam(student, other, **options), strict=True):
            known = all(set(hypothesis.tokens) <= set(range(len(new))) for hypothesis in row)
            expect(known, "a hypothesis holds an id that is not in the vocabulary")
            expect(
                [tuple(new[list(hypothesis.tokens)].tolist()) for hypothesis in row]
                == tokens_of(moved),
                "when the ids of the vocabulary are renamed, other hypotheses are found",
                "take pad_id, bos_id and eos_id from the model, whatever numbers they are; 0 is an "
                "id like any other, and as a condition it is False",
            )


def expect_ties_lose_nothing(student: Probed, equal: SearchCase, unequal: SearchCase) -> None:
    """Where two tokens are equally probable, the scores are those of a model where they are not."""
    rows = equal.ask(student)
    expect_well_formed(rows, equal.scorer, equal.max_length)
    for row, other in zip(rows, unequal.ask(student), strict=True):
        expect(
            len(row) == len(other)
            and all(near(a.score, b.score) for a, b in zip(row, other, strict=True)),
            "where two tokens are equally probable, hypotheses get lost or scores change",
            "do not look a candidate up by its score: two may have the same",
        )


def expect_padding_unread(student: Probed, case: SearchCase, generator: torch.Generator) -> None:
    """With any ids at padded positions, and two columns more of them, nothing changes."""
    inputs = batch_of(case.model)
    rows, width = inputs["source"].shape
    noise = torch.randint(9, (rows, width + 2), generator=generator)
    real = torch.arange(width) < inputs["source_lengths"][:, None]  # (batch, source_time)
    noise[:, :width] = torch.where(real, inputs["source"], noise[:, :width])
    expect(
        all(map(same, case.ask(student), case.ask(student, source=noise))),
        "what stands at padded positions of `source` changes the hypotheses",
        "hand `source` and `source_lengths` on to model.encoder as they came",
    )
