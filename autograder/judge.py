"""Grades one submission: runs the hidden suites against the walled worker and writes a report."""

from __future__ import annotations

import contextlib
import copy
import io
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import torch

from .assignment import ROOT, Assignment, Task
from .checks.plugin import Grading, run_suite
from .checks.program import Lesson, fresh_module, run_cells
from .checks.student import LocalRunner, Runner, Student
from .memory import question
from .notebook import Submission, repair
from .precedents import ByPrecedent, Hearing, Precedents
from .report import Report, TaskReport
from .results import Result, Results, result_key, suite_fingerprint
from .session import Session
from .suites import probes_of
from .typed import read_typed
from .wall import Wall

SALT_VARIABLE = "AUTOGRADER_SALT"
SALT_FILE = ROOT / ".salt"


class GraderError(RuntimeError):
    """The grader itself failed; the submission has no mark."""


def offering_salt() -> str:
    """The secret of this offering: from AUTOGRADER_SALT, else from `.salt`, made on first use."""
    salt = os.environ.get(SALT_VARIABLE, "").strip()
    if salt:
        return salt
    try:
        with open(SALT_FILE, "x", encoding="utf-8", opener=_owner_only) as file:
            file.write(secrets.token_hex(16) + "\n")
    except FileExistsError:
        pass
    salt = read_typed(SALT_FILE).strip()
    if not salt:
        raise GraderError(f"{SALT_FILE} is empty; delete it, or set {SALT_VARIABLE}")
    return salt


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@cache
def reference(assignment: Assignment) -> Student:
    """The instructor's solutions behind a student's face, in this process."""
    submission = repair(assignment.source, assignment.source)
    module = fresh_module(f"autograder_solution_{assignment.name}")
    with contextlib.redirect_stdout(io.StringIO()):
        troubles = run_cells(submission.cells, module)
    for cell in submission.cells:
        if cell.whole and cell.label in troubles:
            raise GraderError(f"the solution of {assignment.name!r} fails: {troubles[cell.label]}")
    return Student(Remembering(LocalRunner(Lesson(module.__dict__), probes_of(assignment.name))))


@cache
def precedents(assignment: Assignment, salt: str) -> Precedents:
    """What this process has found so far; the forks of a batch begin with what it knows."""
    return Precedents()


class Remembering:
    """Answers a question asked before from memory: every submission brings the same ones."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._answers: dict[bytes, Any] = {}

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """The runner's answer; a copy, since a check may change what it gets."""
        key = question(probe, inputs)
        if key not in self._answers:
            self._answers[key] = self._runner.call(probe, inputs)
        return copy.deepcopy(self._answers[key])


def grade(
    assignment: Assignment,
    submission: Submission,
    wall: Wall,
    salt: str,
    tasks: Iterable[str] | None = None,
    results: Results | None = None,
) -> Report:
    """Grade a submission.

    Args:
        tasks: keys of the tasks to grade; all that suites grade when None.
        results: what was graded before and need not be again; where new results are kept.

    Raises:
        GraderError: a check is missing, or failed by the suite's own fault.
    """
    results = results or Results(None)
    chosen = [t for t in assignment.graded_tasks if tasks is None or t.key in set(tasks)]
    keys = {t.key: result_key(assignment, t, submission.cells, wall, salt) for t in chosen}
    known = {key: result for key in keys if (result := results.get(keys[key]))}
    missing = [task for task in chosen if task.key not in known]
    for result in _run(assignment, submission, wall, salt, missing):
        results.put(keys[result.task.key], result)
        known[result.task.key] = result
    reports, findings, beside = [], dict[str, None](), dict[str, Any]()
    for task in assignment.tasks:
        if task.by_hand:
            reports.append(TaskReport(task.key, task.points, by_hand=True))
        elif task.key in known:
            reports.append(known[task.key].task)
            findings.update(dict.fromkeys(known[task.key].findings))
            beside |= known[task.key].beside or {}
    return Report(
        assignment=assignment.name,
        tasks=tuple(reports),
        findings=tuple(findings),
        wall=wall.level,
        suite=suite_fingerprint(assignment, salt),
        beside=beside,
    )


def _run(
    assignment: Assignment, submission: Submission, wall: Wall, salt: str, tasks: Sequence[Task]
) -> list[Result]:
    """Run the suites of some tasks against the submission."""
    files = [file for task in tasks for file in assignment.suite_files(task.key)]
    if not files:
        return []
    with Session(wall, submission.cells, assignment.names) as session:
        hearing = Hearing(session)
        grading = Grading(Student(hearing), reference(assignment), salt)
        by_precedent = ByPrecedent(grading, hearing, precedents(assignment, salt))
        with one_thread():
            run_suite(files, grading, by_precedent)
        findings = tuple(session.findings)
    if grading.problems:
        raise GraderError("; ".join(grading.problems))
    verdicts = grading.results.values()
    return [
        Result(
            TaskReport(task.key, task.points, tuple(v for v in verdicts if v.task == task.key)),
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
