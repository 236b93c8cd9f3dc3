"""Finds the one cause of a beam search's wrong answers, so that no check names or charges another.

A mistake shows in many checks, and looks in each like others that would give the same there. So a
check that finds something wrong asks again where some mistakes cannot show: each sentence by
itself, where the rows of a batch cannot be mixed up, then on models whose every word depends on
the word before alone, where it does not matter whose state a hypothesis goes on from. What is
right there is right but for that. And it asks some ordinary searches more, and names the mistake
of the rule that explains all of them, or the two. Where none does, nothing is accused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from checks.expect import Wrong, mended
from checks.seq2seq.beam_search.explain import EMPTY, INFLUENCE, explain_misfit, refuse
from checks.seq2seq.beam_search.mending import LOG_PROB
from checks.seq2seq.probed import Probed
from checks.verdicts import StudentFault

from . import stories
from .cases import SearchCase
from .graphs import ANY, LAST, clear_graph
from .mistakes import RULES, Answer, Mistake
from .oracle import Rule

Alike = Callable[[torch.Generator], list[SearchCase]]
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
OTHER_STATE = (
    "a hypothesis goes on from the state of another, or with its tokens",
    "after each step pick, for every survivor, the tokens and the state of its parent: h and c, "
    "every layer, by the same index (dimension 1)",
)
ROWS_SHARE = 1.0
MIXED_SHARE = 0.5  # of bookkeeping, where the rows of a batch get each other's states
STOPPED_SHARE = 0.2  # of ending, where they only end each other
LIKELY = 5  # of so many that explain most by themselves one is looked for that is one of two
STATE_SHARE = 0.6  # of bookkeeping, at least; which states are wrong is another check's business


def narrow(generator: torch.Generator, shape: str = ANY) -> list[SearchCase]:
    """Narrow beams of several widths, none of which tells of anything in particular."""
    rows = 1 if shape == LAST else 2
    return [
        clear_graph(generator, width, max_length, rows=rows, eos_bonus=0.5, shape=shape)
        for width, max_length in ((2, 4), (3, 5), (2, 6), (4, 5))
    ]


def narrow_alike(generator: torch.Generator) -> list[SearchCase]:
    """Narrow beams where every word depends on the word before alone."""
    return narrow(generator, LAST)


def endless_alike(generator: torch.Generator) -> list[SearchCase]:
    """Models that never say EOS, and whose every word depends on the word before alone."""
    return endless(generator, LAST)


def endless(generator: torch.Generator, shape: str = ANY) -> list[SearchCase]:
    """Narrow beams on models that never say EOS: nothing but what is chosen matters."""
    rows = 1 if shape == LAST else 2
    return [
        clear_graph(generator, width, max_length, rows=rows, endless=True, shape=shape)
        for width, max_length in ((2, 5), (3, 4), (4, 5))
    ]


def expect_rule(
    student: Probed,
    generator: torch.Generator,
    cases: Sequence[SearchCase],
    alike: Alike,
    help: str = THE_RULE,
) -> None:
    """The hypotheses are those of the published rule; if not, charge the mistake behind them.

    Args:
        generator: draws what is asked more.
        alike: makes cases of the same kind where every word depends on the word before alone.
    """
    answers = [case.answer(student) for case in cases]
    if all(map(right, answers)):
        return
    expect_cause(student, generator, answers, alike)
    if all(rows.sums == "last" for _, rows in answers):
        return  # charged: what ends in the same way is worth the same then, and any may be kept
    misfit = [rows for _, rows in answers if not rows.fits]
    if misfit:
        known = explain_misfit(misfit[0], answers[0][0].model["bos_id"])
        refuse((*known[:3], None), LOG_PROB)
    if any(not row for _, rows in answers for row in rows):
        refuse(EMPTY)
    raise Wrong(NOT_THE_RULE, help)


def expect_ordinary(
    student: Probed, generator: torch.Generator, unusual: Sequence[Answer] = ()
) -> None:
    """The search is right where nothing unusual is asked of it; if not, charge the mistake.

    A check of something unusual asks so before it names that as the cause.

    Args:
        unusual: the answers there. If a mistake of the rule explains them it is charged.
    """
    own = torch.Generator().manual_seed(generator.initial_seed())
    try:
        expect_rule(student, generator, narrow(own), narrow_alike)
    except StudentFault as fault:
        raise Wrong(NOT_THE_RULE) from fault
    if unusual and all(rows.fits for _, rows in unusual):
        charge(mistakes([*unusual, *ordinary(student, generator)]))


@contextmanager
def confined(
    student: Probed,
    generator: torch.Generator,
    line: str,
    share: float,
    words: tuple[str, str],
    like: SearchCase | None = None,
) -> Iterator[None]:
    """What goes wrong within this costs so much, if ordinary searches are right.

    Args:
        words: what a crash in it is called.
        like: who crashes in this case, too, does so for another reason.
    """
    try:
        yield
    except Wrong as wrong:
        if wrong.share is not None:
            raise
        expect_ordinary(student, generator)
        wrong.line, wrong.share = line, share
        raise
    except StudentFault:
        try:
            expect_ordinary(student, generator)
            if like is not None:
                like.ask(student)
        except (Wrong, StudentFault):
            pass
        else:
            mended(*words, line=line, share=share)
        raise


def expect_cause(
    student: Probed,
    generator: torch.Generator,
    answers: list[Answer],
    alike: Alike,
) -> None:
    """Return if wrong answers are right but for mistakes that are charged, or raise for them.

    Returns with nothing charged and raises nothing, too, where no mistake explains them.
    """
    by_rows = _alone(student, answers)
    if by_rows and all(map(right, by_rows)):
        raise _influence(answers)
    heard = [*answers, *by_rows]
    for evidence in (answers, by_rows):
        if evidence and all(rows.fits for _, rows in evidence):
            more = [*evidence, *ordinary(student, generator, evidence is by_rows)]
            heard += more
            found = mistakes(more)
            if found and evidence is by_rows:
                influence = _influence(answers)
                mended(influence.rationale, influence.help, line="rows", share=ROWS_SHARE)
            charge(found)
    if all(rows.fits for _, rows in heard):
        return
    own = torch.Generator().manual_seed(generator.initial_seed())
    twins = [case.answer(student) for case in alike(own)]
    if all(right(twin) or case_totals(twin) for twin in twins):
        raise Wrong(*OTHER_STATE, line="bookkeeping", share=STATE_SHARE)
    if all(rows.fits for _, rows in twins):
        found = mistakes([*twins, *ordinary(student, generator, True, LAST)])
        if found:
            mended(*OTHER_STATE, line="bookkeeping", share=STATE_SHARE)
            charge(found)


def case_totals(answer: Answer) -> bool:
    """Whether the totals are those of the rule."""
    case, rows = answer
    return case.totals_explained(rows)


def _alone(student: Probed, answers: list[Answer]) -> list[Answer]:
    """The answers for each sentence by itself, [] where each was."""
    if all(len(case.rows) == 1 for case, _ in answers):
        return []
    return [one.answer(student) for case, _ in answers for one in case.alone()]


def _influence(answers: list[Answer]) -> Wrong:
    """The mistake of who mixes up the rows of a batch, charged on the other line that it breaks."""
    says, help, line, _ = INFLUENCE
    mixed = not all(rows.fits for _, rows in answers)
    other, share = ("bookkeeping", MIXED_SHARE) if mixed else ("ending", STOPPED_SHARE)
    mended(says, help, line=other, share=share)
    return Wrong(says, help, line=line, share=ROWS_SHARE)


def charge(found: list[Mistake]) -> None:
    """Charge the mistakes found, if there are any."""
    for one in found[1:]:
        mended(one.says, one.help, line=one.line, share=one.share)
    for says, help, line, share in found[:1]:
        raise Wrong(says, help, line=line, share=share)


def mistakes(evidence: list[Answer]) -> list[Mistake]:
    """The mistake of the rule that explains all answers, or the two; [] if none does.

    Of two one is looked for that explains a wrong answer by itself: in some only that one shows.
    """
    evidence = sorted(evidence, key=right)  # the wrong ones first: they tell most
    wrong = [answer for answer in evidence if not right(answer)]
    causes = [rule for rule in RULES if all(explains(rule, answer) for answer in evidence)]
    if causes:
        plainest = min(causes, key=changes)
        known = RULES[plainest]
        if all(RULES[rule] == known or entails(rule, plainest) for rule in causes):
            return [known]
        return [min((RULES[rule] for rule in causes), key=lambda one: one.share)]
    seen = {rule: sum(explains(rule, answer) for answer in wrong) for rule in RULES}
    likely = sorted((rule for rule in RULES if seen[rule]), key=lambda rule: -seen[rule])[:LIKELY]
    for one, other in ((one, other) for one in likely for other in RULES):
        both = {**changed(one), **changed(other)}
        if len(both) < changes(one) + changes(other):
            continue
        if all(explains(replace(Rule(), **both), answer) for answer in evidence):
            return [RULES[one], RULES[other]]
    return []


def ordinary(
    student: Probed, generator: torch.Generator, alone: bool = False, shape: str = ANY
) -> Iterator[Answer]:
    """What the student answers to the ordinary cases, where it can be read."""
    own = torch.Generator().manual_seed(generator.initial_seed())  # the same at any time
    cases = narrow(own, shape)
    cases += [story(own) for story in STORIES] if shape == ANY else stories.all_alike(own)
    for case in cases:
        try:
            yield (case.alone()[0] if alone else case).answer(student)
        except (Wrong, StudentFault):
            continue


def right(answer: Answer) -> bool:
    """Whether an answer is that of the published rule."""
    return explains(Rule(), answer)


def explains(rule: Rule, answer: Answer) -> bool:
    """Whether a rule gives just this answer."""
    case, rows = answer
    return case.explained(rule, rows)


def changed(rule: Rule) -> dict[str, Any]:
    """The ways in which a rule differs from the published one."""
    return dict(vars(rule).items() - vars(Rule()).items())


def changes(rule: Rule) -> int:
    """In how many ways a rule differs from the published one."""
    return len(changed(rule))


def entails(rule: Rule, other: Rule) -> bool:
    """Whether a rule differs from the published one as `other` does, and in more ways."""
    return vars(rule).items() >= changed(other).items()
