"""What may change in a call to `beam_search` without changing the hypotheses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from checks.expect import Wrong, expect, mended
from checks.seq2seq.beam_search.explain import INFLUENCE
from checks.seq2seq.beam_search.mending import near
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import Hypothesis
from checks.seq2seq.shared.trees import batch_of

from ..shared.scorer import Scorer
from .cases import SearchCase, same, tokens_of
from .causes import MIXED_SHARE, STOPPED_SHARE
from .graphs import renamed
from .mistakes import expect_well_formed


def expect_rows_alone(student: Probed, case: SearchCase, order: list[int]) -> None:
    """Each sentence gets what it gets alone, in the batch as it is and in another order."""
    together = case.ask(student)
    moved = replace(case, only=tuple(order)).ask(student)
    fits = together.fits and moved.fits
    for place, row in enumerate(order):
        one = replace(case, only=(row,)).ask(student)
        if same(one[0], together[row]) and same(one[0], moved[place]):
            continue
        says, help, line, share = INFLUENCE
        if not fits and one.fits:
            mended(says, help, line="bookkeeping", share=MIXED_SHARE)
        if fits:
            mended(says, help, line="ending", share=STOPPED_SHARE)
        raise Wrong(says, help, line=line, share=share)


def expect_no_effect_of(offset: Tensor, student: Probed, case: SearchCase) -> None:
    """What is added to all logits after a token, (vocabulary,), changes nothing."""
    plain = case.ask(student)
    moved: list[list[Hypothesis]]
    try:
        moved = replace(case, model={**case.model, "offset": offset}).ask(student)
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
    for specials in names:
        graph, new = renamed(case.model, specials)
        other = replace(case, model=graph, scorer=Scorer(graph), any_start=False)
        for row, moved in zip(plain, other.ask(student), strict=True):
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
        "pass `source` and `source_lengths` on to model.encoder as they came",
    )
