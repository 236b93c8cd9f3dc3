"""How far a beam search stays behind exhaustive search, on vocabularies small enough for both."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from checks.closed import own
from checks.expect import expect
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import Hypothesis
from checks.seq2seq.shared.trees import random_graph

from ..shared.scorer import Scorer
from .cases import SearchCase, tokens_of
from .graphs import settled
from .oracle import everything

SENTENCES = 6  # with each vocabulary
WIDTHS = (1, 2, 3)  # measured
# vocabulary and max_length: two words and five steps, three words and four steps
SIZES = ((5, 5), (6, 4))
ROOM = 64  # a beam of so many places holds every hypothesis of the first


def small(generator: torch.Generator) -> list[SearchCase]:
    """For each size sentences whose best hypothesis is the best by far."""
    cases = []
    for vocab_size, max_length in SIZES:

        def draw(fixed: torch.Generator, vocab_size: int = vocab_size) -> dict[str, Any]:
            options: dict[str, Any] = {"rows": SENTENCES, "eos_bonus": -0.5, "spread": 1.0}
            graph = random_graph(fixed, vocab_size, (4, 1, 3), **options)
            graph["logits"][:, [4, 1]] = -torch.inf  # no PAD or BOS takes up room
            return graph

        def clear(scorer: Scorer, lead: float, max_length: int = max_length) -> bool:
            return all(a.score - b.score >= lead for a, b, *_ in ranking(scorer, max_length))

        model, scorer = settled(generator, f"small {vocab_size} {max_length}", draw, clear)
        cases.append(SearchCase(model, scorer, ROOM, max_length))
    return cases


@cache
def ranking(scorer: Scorer, max_length: int) -> list[list[Hypothesis]]:
    """For each sentence all hypotheses there are, best first."""
    return [everything(scorer, row, max_length, 0.0) for row in range(len(scorer))]


def missed(case: SearchCase, rows: list[list[Hypothesis]]) -> list[float]:
    """For each sentence the score that the best hypothesis found lacks to the best of all.

    Anything but 0 is a search error. What is no hypothesis at all lacks as much as the worst.
    """
    lacks = []
    for row, every in zip(rows, ranking(case.scorer, case.max_length), strict=True):
        scores = {one.tokens: one.score for one in every}
        found = scores.get(row[0].tokens) if row else None
        lacks.append(every[0].score - (every[-1].score if found is None else found))
    return lacks


def figures(student: Probed, cases: list[SearchCase]) -> tuple[list[float], list[float]]:
    """For each width the share of sentences with a search error, and the mean score regret."""
    errors, regrets = [], []
    for width in WIDTHS:
        lacks = [x for case in cases for x in missed(case, case.ask(student, beam_width=width))]
        errors.append(round(sum(lack > 0 for lack in lacks) / len(lacks), 3))
        regrets.append(round(sum(lacks) / len(lacks), 4))
    return errors, regrets


def expect_best_of_all(case: SearchCase, rows: list[list[Hypothesis]]) -> None:
    """A beam wide enough for everything finds all hypotheses there are."""
    lacks = missed(case, rows)
    errors = sum(lack > 0 for lack in lacks)
    expect(
        not errors,
        f"in {own(errors)} of {own(len(rows))} searches the best of all hypotheses is not found, "
        "although the beam has room for every one",
        "no candidate may get lost: all that end join the pool, all others are extended, and "
        "what is live after max_length tokens joins the pool too",
    )
    pairs = zip(rows, ranking(case.scorer, case.max_length), strict=True)
    expect(
        all(set(tokens_of(row)) >= set(tokens_of(every)) for row, every in pairs),
        "with room for every hypothesis some are missing",
        "each step keeps min(beam_width, number of candidates), and there may be more candidates "
        "than words; all that end join the pool, and so does what is live after max_length tokens",
    )
