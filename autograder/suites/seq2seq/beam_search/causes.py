"""Finds the one cause of a beam search's wrong answers, so that no check names another.

A mistake shows in many checks, and looks in each like others that would give the same there. So a
check that finds something wrong asks some ordinary searches more, the same whichever check asks,
and names the mistake that explains all of them. Where none does, nothing is accused.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from checks.expect import Wrong, expect
from checks.seq2seq.probed import Probed
from checks.verdicts import StudentFault

from . import stories
from .cases import SearchCase, tokens_of
from .graphs import clear_graph
from .mistakes import (
    RULES,
    Answer,
    expect_own_log_probs,
    expect_own_scores,
    expect_sorted,
    expect_steps,
)
from .oracle import Rule

NOT_THE_RULE = "the hypotheses are not those of the rule"
THE_RULE = (
    "each step: extend every live hypothesis by every token, keep the beam_width best by total "
    "log-probability, move those with EOS to the pool; at the end add what is live"
)
STORIES = (
    stories.some_end,
    stories.some_are_cut,
    stories.some_go_on,
    stories.ranked,
    stories.overtaken,
)


def narrow(generator: torch.Generator) -> list[SearchCase]:
    """Narrow beams of several widths, none of which tells of anything in particular."""
    return [
        clear_graph(generator, width, max_length, rows=2, eos_bonus=0.5)
        for width, max_length in ((2, 4), (3, 5), (2, 6), (4, 5))
    ]


def expect_rule(
    student: Probed, generator: torch.Generator, answers: list[Answer], help: str = THE_RULE
) -> None:
    """The hypotheses are those of the published rule; if not, name the mistake behind them."""
    if all(right(answer) for answer in answers):
        return
    expect_cause(student, generator, answers)
    raise Wrong(NOT_THE_RULE, help)


def expect_ordinary(student: Probed, generator: torch.Generator) -> None:
    """The search is right where nothing unusual is asked of it; if not, name the mistake.

    A check of something unusual asks so before it names that as the cause.
    """
    expect_rule(student, generator, list(ordinary(student, generator)), "")


def expect_cause(student: Probed, generator: torch.Generator, answers: list[Answer]) -> None:
    """Raise `Wrong` for the mistake that explains wrong answers, and the ordinary ones; if any."""
    evidence = [*answers, *ordinary(student, generator)]
    for case, rows in sorted(evidence, key=lambda answer: answer[0].penalty != 0):
        expect_own_log_probs(rows, case.scorer, case.penalty)
    for case, rows in evidence:
        expect_own_scores(rows, case.penalty, case.scorer.eos_id)
    expect_sorted([rows for _, rows in evidence])
    expect_steps(evidence)
    causes = [rule for rule in RULES if all(explains(rule, answer) for answer in evidence)]
    if causes:
        plainest = min(causes, key=changes)
        alike = all(RULES[rule] == RULES[plainest] or entails(rule, plainest) for rule in causes)
        expect(not alike, *RULES[plainest])


def ordinary(student: Probed, generator: torch.Generator) -> Iterator[Answer]:
    """What the student answers to the ordinary cases, where it can be read."""
    own = torch.Generator().manual_seed(generator.initial_seed())  # the same at any time
    for case in [*narrow(own), *(story(own) for story in STORIES)]:
        try:
            yield case, case.ask(student)
        except (Wrong, StudentFault):
            continue


def right(answer: Answer) -> bool:
    """Whether an answer is that of the published rule."""
    return explains(Rule(), answer)


def explains(rule: Rule, answer: Answer) -> bool:
    """Whether a rule gives just this answer."""
    case, rows = answer
    return case.by(rule) == [tokens_of(row) for row in rows]


def changes(rule: Rule) -> int:
    """In how many ways a rule differs from the published one."""
    return len(vars(rule).items() - vars(Rule()).items())


def entails(rule: Rule, other: Rule) -> bool:
    """Whether a rule differs from the published one as `other` does, and in more ways."""
    return vars(rule).items() >= vars(other).items() - vars(Rule()).items()
