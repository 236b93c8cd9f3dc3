"""The grader, measured on a representative part of the corpus (`make measure`: on all of it)."""

from __future__ import annotations

import hashlib
import re

import pytest

from autograder.assignment import Assignment
from autograder.offering import Offering
from autograder.report.record import TaskReport
from checks.plugin import PUBLIC_SALT
from checks.verdicts import Verdict

from .corpus import FAILED, Entry, Job, entries, grade_all, grade_here, problems
from .measure import ROUNDING, TOGETHER, rank_correlation

ASSIGNMENT = Assignment("seq2seq")
TASKS = tuple(task.key for task in ASSIGNMENT.graded_tasks)
SHARE = 4  # one in so many of the wrong ones; all others, and what those with two mistakes combine
SAMPLE = 24  # one in so many of all, where not everything is tried


def one_in(share: int, entry: Entry) -> bool:
    """Whether an entry is in a part that is fixed by the names."""
    return hashlib.sha256(entry.id.encode()).digest()[0] % share == 0


def representative() -> list[Entry]:
    """All entries that are not wrong; of the wrong ones a part."""
    every = entries(ASSIGNMENT)
    combined = {f"{e.task}/wrong/{name}" for e in every for name in e.mistakes}
    return [e for e in every if e.kind != "wrong" or one_in(SHARE, e) or e.id in combined]


@pytest.fixture(scope="module")
def graded(everything: bool) -> dict[Entry, TaskReport]:
    """The representative part; of the rest, what must be seen before handing in, by public checks.

    All with the salt of the public checks: they are then what students see.
    """
    offering, chosen = Offering(ASSIGNMENT, PUBLIC_SALT), representative()
    public = [entry for entry in entries(ASSIGNMENT) if entry.public and entry not in chosen]
    if not everything:
        chosen, public = [entry for entry in chosen if one_in(SAMPLE, entry)], []
    jobs = [Job(offering, entry, (entry.task,)) for entry in chosen]
    jobs += [Job(offering, entry, (entry.task,), public_only=True) for entry in public]
    return {job.entry: reports[job.entry.task] for job, reports in grade_all(jobs) if job.entry}


@pytest.mark.long
def test_a_mistake_that_must_be_seen_before_handing_in_fails_a_public_check(
    graded: dict[Entry, TaskReport],
) -> None:
    seen = {entry: graded[entry] for entry in entries(ASSIGNMENT) if entry.public}
    unseen = [
        entry.id
        for entry, report in seen.items()
        if not any(check.public and check.verdict in FAILED for check in report.checks)
    ]
    assert seen
    assert unseen == []


def test_what_students_were_seen_to_do_in_other_courses_is_marked_public() -> None:
    submissions = re.compile(r"(CSC401|CS224n)( submissions| \(\d)")  # an issue is one person's
    hidden = [
        entry.id
        for entry in entries(ASSIGNMENT, ["wrong"])
        if submissions.search(entry.seen) and not entry.public
    ]
    assert hidden == []


def test_the_corpus_gets_the_marks_and_the_words_it_deserves(
    graded: dict[Entry, TaskReport],
) -> None:
    tried = [entry for entry in representative() if entry in graded]
    found = {
        entry.id: wrong
        for entry in tried
        if (wrong := problems(entry, {entry.task: graded[entry]}))
    }
    assert {entry.kind for entry in tried} >= {"wrong", "right"}
    assert found == {}


def share(report: TaskReport) -> float:
    """The share of a task's points that it gives."""
    return (report.points or 0.0) / report.max_points


@pytest.mark.long
def test_two_mistakes_cost_what_each_costs_and_mending_one_never_costs_anything(
    graded: dict[Entry, TaskReport],
) -> None:
    by_id = {entry.id: report for entry, report in graded.items()}
    pairs = [entry for entry in graded if entry.kind == "two"]
    unfair = []
    for entry in pairs:
        alone = [share(by_id[f"{entry.task}/wrong/{name}"]) for name in entry.mistakes]
        both = share(graded[entry])
        limited = graded[entry].mark.limit is not None
        sum_of_both = 1 - sum(1 - one for one in alone)
        if both > min(alone) + ROUNDING or (both < sum_of_both - TOGETHER and not limited):
            unfair.append((entry.id, both, alone))
    assert len(pairs) >= 2 * len(TASKS)
    assert unfair == []


def test_no_slip_costs_half_and_nothing_that_works_earns_nothing(
    graded: dict[Entry, TaskReport],
) -> None:
    tried = [entry for entry in representative() if entry in graded]
    wrong = {entry: share(graded[entry]) for entry in tried if entry.kind == "wrong"}
    slips = [entry.id for entry, mark in wrong.items() if entry.deserves[0] >= 0.8 and mark < 0.5]
    nothing = [entry.id for entry, mark in wrong.items() if entry.deserves[0] > 0.1 and not mark]
    core = [entry.id for entry, mark in wrong.items() if entry.deserves[1] <= 0.6 and mark > 0.6]
    assert (slips, nothing, core) == ([], [], [])


@pytest.mark.long
def test_marks_are_in_the_order_of_what_is_deserved(graded: dict[Entry, TaskReport]) -> None:
    for task in TASKS:
        wrong = [e for e in representative() if e.kind == "wrong" and e.costs and e.task == task]
        marks = [share(graded[entry]) for entry in wrong]
        assert len(wrong) > 20
        assert rank_correlation(marks, [entry.middle for entry in wrong]) >= 0.8, task


@pytest.mark.long
def test_one_bug_costs_one_task() -> None:
    some = {entry.task: entry for entry in entries(ASSIGNMENT, ["wrong"])}
    jobs = [Job(Offering(ASSIGNMENT, PUBLIC_SALT), entry, TASKS) for entry in some.values()]
    found = {
        job.entry.id: wrong
        for job, reports in grade_all(jobs)
        if job.entry and (wrong := problems(job.entry, reports))
    }
    assert found == {}


@pytest.mark.parametrize("salt", ["a", "b", PUBLIC_SALT])
def test_the_solution_gets_full_marks_whatever_the_salt(salt: str) -> None:
    for report in grade_here(Offering(ASSIGNMENT, salt), None, TASKS).values():
        assert report.verdict is Verdict.PASSED, report.first_to_fix


def test_every_wrong_entry_says_what_a_teacher_would() -> None:
    silent = [entry.id for entry in entries(ASSIGNMENT, ["wrong"]) if not entry.says]
    assert silent == []
