"""Grades one submission: runs the hidden suites against the walled worker and writes a report."""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from autograder.errors import GraderError
from autograder.notebook.repair import Submission
from autograder.offering import Offering
from autograder.report.record import Report, TaskReport
from autograder.suites import probes_of
from autograder.suites.memory import all_remembered, begin_with
from autograder.wall.session import Session
from autograder.wall.wall import Wall
from checks.plugin import Grading, brief, run_suite
from checks.program import Cell
from checks.student import Student

from .fingerprint import result_key, suite_fingerprint
from .kept import Kept
from .precedents import ByPrecedent, Precedents, Transcript
from .reference import reference
from .results import Result, Results

GROWN = 1.1  # times as much as is known already: then what was drawn for it is worth half a second


@cache
def precedents(offering: Offering) -> Precedents:
    """What this process has found so far; the forks of a batch begin with what it knows."""
    return Precedents()


@cache
def resume(offering: Offering, folder: Path) -> None:
    """Begin with what an earlier process has kept, and in the end keep what this one adds.

    A fork that is ended with its batch keeps nothing.
    """
    kept, known = Kept(offering, folder), precedents(offering)
    known.begin_with(kept.read("precedents") or Precedents())
    begin_with(lambda: kept.read("memories") or {})
    had = len(known)

    def keep() -> None:
        if len(known) > had:
            kept.write("precedents", known)
        if len(known) > GROWN * had:
            kept.write("memories", all_remembered())

    atexit.register(keep)


def grade(
    offering: Offering,
    submission: Submission,
    wall: Wall,
    tasks: Iterable[str] | None = None,
    results: Results | None = None,
) -> Report:
    """Grade a submission.

    Args:
        tasks: keys of the tasks to grade; all that suites grade when None.
        results: what was graded before and need not be again; where new results are kept.

    Raises:
        GraderError: a check is missing, or failed by the suite's own fault.
        Undecided: the machine was too busy; nothing was said, and nothing is kept.
    """
    assignment = offering.assignment
    results = results or Results(None)
    keys = result_keys(offering, submission.cells, wall, tasks)
    known = {key: result for key in keys if (result := results.get(keys[key]))}
    if results.beside is not None and len(known) < len(keys):
        resume(offering, results.beside)
    for result in run_tasks(offering, submission.cells, wall, [k for k in keys if k not in known]):
        results.put(keys[result.task.key], result)
        known[result.task.key] = result
    reports, findings, beside = [], dict[str, None](), dict[str, Any]()
    for task in assignment.tasks:
        if task.by_hand:
            reports.append(TaskReport(task.key, task.points, by_hand=True))
        elif task.key in known:
            own = known[task.key].task  # its verdicts; points follow from the rubric as it is now
            reports.append(replace(own, max_points=task.points, rubric=task.rubric))
            findings.update(dict.fromkeys(known[task.key].findings))
            beside |= known[task.key].beside or {}
    report = Report(
        assignment=assignment.name,
        tasks=tuple(reports),
        findings=tuple(findings),
        wall=wall.level,
        bound=wall.bound,
        suite=suite_fingerprint(offering),
        beside=beside,
    )
    return report.excused(offering.excuses)


def result_keys(
    offering: Offering, cells: Sequence[Cell], wall: Wall, tasks: Iterable[str] | None = None
) -> dict[str, str]:
    """Under what the results of tasks are kept, by the tasks' keys; of all tasks when None."""
    wanted = None if tasks is None else set(tasks)
    graded = offering.assignment.graded_tasks
    chosen = [task for task in graded if wanted is None or task.key in wanted]
    return {task.key: result_key(offering, task, cells, wall) for task in chosen}


def run_tasks(
    offering: Offering, cells: Sequence[Cell], wall: Wall, keys: Sequence[str]
) -> list[Result]:
    """Run the suites of some tasks against the cells of a submission.

    Raises:
        GraderError, Undecided: as `grade`.
    """
    assignment = offering.assignment
    tasks = [task for task in assignment.graded_tasks if task.key in set(keys)]
    files = [file for task in tasks for file in assignment.suite_files(task.key)]
    if not files:
        return []
    with Session(wall, cells, assignment.names) as session:
        transcript = Transcript(session)
        student = Student(transcript, probes_of(assignment.name))
        grading = Grading(student, reference(assignment), offering.salt)
        by_precedent = ByPrecedent(grading, transcript, precedents(offering))
        with one_thread():
            run_suite(files, grading, by_precedent)
        findings = tuple(session.findings)
    if session.undecided is not None:
        raise session.undecided
    if grading.problems:
        raise GraderError(brief(grading.problems))
    verdicts = grading.results.values()
    return [
        Result(
            TaskReport(
                task.key,
                task.points,
                tuple(v for v in verdicts if v.task == task.key),
                rubric=task.rubric,
            ),
            findings,
            grading.beside.get(task.key),
        )
        for task in tasks
    ]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """What is expected must not depend on the number of cores; and on so little, two are slower."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
