"""Tells what kind of search answers: one that hears the model, greedy, drawn at random, exact."""

from __future__ import annotations

from typing import Any

import torch

from checks.expect import Wrong, expect
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.answers import runs
from checks.verdicts import StudentFault

from ..shared.scorer import Tokens, greedy
from .cases import SearchCase, follows, tokens_of
from .causes import right
from .graphs import clear_graph
from .mistakes import Answer
from .oracle import Rule, live_words

FIRST_WORDS = 3  # of a translation; so many tell whether it was found by listening to the model
DRAWN = [3, 3, 4, 5, 6]  # seeds: what is drawn differs after the first two, which are the same
BEST_FIRST = (Rule(queue="sum"), Rule(queue="mean"))


def telling(generator: torch.Generator, *rules: Rule, **options: Any) -> list[SearchCase]:
    """Two sentences, each with a model of its own, on which other searches find something else."""
    return [
        clear_graph(generator, 3, 5, rows=1, telling=rules, seed=seed, **options) for seed in (1, 2)
    ]


def heard(case: SearchCase, student: Probed) -> list[Tokens] | None:
    """What is returned for a case, if it is right or the decoder was given its words; else None."""
    words = live_words(case.scorer, case.rows[0], case.width, case.max_length)
    try:
        answer = case.answer(student)
    except Wrong:
        run = case.run(student)
        return list(map(tuple, words)) if began(run["inputs"], case, words) else None
    _, rows = answer
    inputs = rows.run["inputs"]
    if began(inputs, case, words):
        return list(map(tuple, words))
    fed = any(in_turn(inputs, one.tokens[:-1][:FIRST_WORDS]) for one in rows[0])
    return tokens_of(rows[0]) if fed or right(answer) else None


def began(inputs: list[tuple[int, ...]], case: SearchCase, words: list[list[int]]) -> bool:
    """Whether the decoder was given BOS, the best first words together, and then others."""
    start, first = [case.model["bos_id"]], set(words[0])
    together = len(inputs) > 2 and set(inputs[0]) == set(start) and set(inputs[1]) >= first
    return together or follows(inputs, [start, *words])


def in_turn(inputs: list[tuple[int, ...]], words: Tokens) -> bool:
    """Whether these words were given to the decoder, each in a later call than the one before."""
    calls = iter(inputs[1:])
    return bool(words) and all(any(word in call for call in calls) for word in words)


def greedily(case: SearchCase, student: Probed) -> int:
    """With how many of the first words of the greedy translation a search with one place begins.

    It may end before them, or go on after the last: where one ends is another behaviour.
    """
    found, rows = case.answer(student)
    wanted = greedy(found.scorer, found.rows[0], case.max_length)[0][:FIRST_WORDS]
    said = [one.tokens[: len(wanted)] for one in rows[0]]
    if wanted in said:
        return FIRST_WORDS
    begun = [len(tokens) for tokens in said if tokens == wanted[: len(tokens)]]
    given = [set(call) for call in rows.run["inputs"][1 : FIRST_WORDS + 1]]
    return FIRST_WORDS if given == [{word} for word in wanted] else max(begun, default=0)


def expect_beam(student: Probed, cases: list[SearchCase]) -> None:
    """What is returned is neither greedy, nor drawn, nor what best-first search finds."""
    answers = answered(student, cases)
    if answers and all(is_greedy(answer) and one_path(answer) for answer in answers):
        raise Wrong(
            "with three places in the beam only the greedy translation is looked for",
            "keep the beam_width best of all candidates at each step, and extend each of them",
        )
    best_first = [all(case.explained(rule, rows) for case, rows in answers) for rule in BEST_FIRST]
    if any(best_first) and not all(map(right, answers)):
        raise Wrong(
            "the hypotheses are those of best-first search, which extends the best hypothesis of "
            "any length next",
            "at each step extend every live hypothesis, and keep the beam_width best candidates",
        )
    case = cases[0]
    options = {**case.inputs(), "times": len(DRAWN), "seeds": DRAWN}
    first, again, *others = [
        run["result"] for run in runs(student.beam(model=case.model, **options), len(DRAWN))
    ]
    expect(
        repr(first) != repr(again) or all(repr(other) == repr(first) for other in others),
        "the hypotheses are drawn at random",
        "keep the best candidates: nothing is drawn",
    )


def expect_competition(student: Probed, cases: list[SearchCase]) -> None:
    """Hypotheses compete: the beam is not so many greedy searches beside each other."""
    answers = answered(student, cases)
    beside = [
        all(is_greedy(answer) and len(set(tokens_of(answer[1][0]))) == 1 for answer in answers),
        all(explained(Rule(children="one"), answer) for answer in answers),
    ]
    expect(
        not answers or not any(beside),
        "the beam is beam_width separate greedy searches: hypotheses do not compete",
        "start from one empty hypothesis, and keep the beam_width best of all candidates, "
        "whatever their parents are",
    )


def expect_pruned(student: Probed, cases: list[SearchCase]) -> None:
    """What is returned is not the best there is where a beam misses it."""
    for case in cases:
        steps, width = case.max_length, case.width
        run = case.run(student)
        if run["over"]:
            break
        if run["rows"] <= width * steps * (steps + 1) // 2:
            return
    else:
        answers = answered(student, cases)
        if not answers or not all(explained(Rule(width="all"), answer) for answer in answers):
            return
    raise Wrong(
        "hypotheses are not pruned: every candidate is kept and extended",
        "keep the beam_width best of all candidates at each step",
    )


def answered(student: Probed, cases: list[SearchCase]) -> list[Answer]:
    """The answers, [] if one cannot be read."""
    try:
        answers = [case.answer(student) for case in cases]
    except (Wrong, StudentFault):
        return []
    return answers if all(row for _, rows in answers for row in rows) else []


def is_greedy(answer: Answer) -> bool:
    """Whether the best hypothesis is the greedy translation."""
    case, (row,) = answer
    return row[0].tokens == greedy(case.scorer, case.rows[0], case.max_length)[0]


def one_path(answer: Answer) -> bool:
    """Whether the decoder was given a row a step."""
    case, rows = answer
    return rows.run["rows"] <= case.max_length


def explained(rule: Rule, answer: Answer) -> bool:
    """Whether a rule gives just this answer, and the published one does not."""
    case, rows = answer
    return case.explained(rule, rows) and not case.explained(Rule(), rows)
