"""Marks made anew from the verdicts that are stored: no submission is run again.

Rubric, points, weights, and what was decided of a check may have changed since the grading;
reports, gradebook, feedback and grades then follow.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry

from autograder.assignment import TEST_PREFIX, Assignment, Task
from autograder.commands import last_error, nbgrader
from autograder.course import Course
from autograder.desk.pages.outputs import fill_test_cells
from autograder.errors import CourseError, NotAmended, RecordError
from autograder.files import write_whole
from autograder.report.compare import changed_tasks
from autograder.report.excuse import Excuse
from autograder.report.record import Report, TaskReport
from autograder.terms import read_terms
from autograder.text import line
from checks.verdicts import CheckResult


@dataclass(frozen=True)
class Weighed:
    """What a check's `graded` marker says of its part in the mark; None: no plain value."""

    line: str | None
    weight: float | None


@dataclass(frozen=True)
class Change:
    """A student's report, and what becomes of it."""

    student: str
    before: Report
    after: Report

    @property
    def words(self) -> str:
        """On one line, who gains or loses what."""
        gain = round(self.after.points - self.before.points, 2)
        tasks = [
            f"{new.key} {old.points:g} → {new.points:g} of {new.max_points:g}"
            for old, new in changed_tasks(self.before, self.after)
            if old.points is not None and new.points is not None
        ]
        total = f"{self.before.points:g} → {self.after.points:g}"
        return line(f"{self.student}: {total} ({gain:+g}): {', '.join(tasks)}")


def weighed_checks(assignment: Assignment) -> dict[str, Weighed]:
    """The checks that there are, by `<task>/<name>`, as their files' text has them."""
    found = {}
    for task in assignment.graded_tasks:
        for file in assignment.suite_files(task.key):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), file.name)):
                if isinstance(node, ast.FunctionDef) and node.name.startswith(TEST_PREFIX):
                    name = f"{task.key}/{node.name.removeprefix(TEST_PREFIX)}"
                    found[name] = _weighed(node)
    return found


def _weighed(function: ast.FunctionDef) -> Weighed:
    terms: dict[str, object] = {"line": "", "weight": 1.0}
    for call in (node for node in function.decorator_list if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "graded":
            for term in call.keywords:
                with contextlib.suppress(ValueError):
                    terms[term.arg or ""] = None
                    terms[term.arg or ""] = ast.literal_eval(term.value)
    key, weight = terms["line"], terms["weight"]
    return Weighed(
        key if isinstance(key, str) else None,
        float(weight) if isinstance(weight, int | float) else None,
    )


def today(assignment: Assignment) -> str:
    """The day that it is in the course's zone: 2026-11-30."""
    return datetime.now(read_terms(assignment.name).zone).date().isoformat()


def require_check(name: str, known: Collection[str]) -> None:
    """Refuse a check that there is not.

    Raises:
        NotAmended: naming those most like it.
    """
    if name not in known:
        bare = name.rpartition("/")[2]
        like = [one for one in known if one.rpartition("/")[2] == bare]
        like += difflib.get_close_matches(name, known, 3, 0.5)
        near = f"; do you mean {', '.join(dict.fromkeys(like))}?" if like else ""
        raise NotAmended(
            f"no check {name!r}: expected <task>/<name>, as the class report's CSV and "
            f"reports/ have it{near}"
        )


def remarked(
    report: Report,
    tasks: Sequence[Task],
    weighed: Mapping[str, Weighed],
    excuses: Sequence[Excuse],
) -> Report:
    """A report by the rubric, points and weights of now, after what was decided.

    Raises:
        NotAmended: its verdicts do not say what is asked now.
    """
    now = {task.key: task for task in tasks}
    missing = set(now) ^ {task.key for task in report.tasks}
    if missing:
        raise NotAmended(f"it was graded with other tasks ({', '.join(sorted(missing))})")
    parts = [_task(part, now[part.key], weighed) for part in report.tasks]
    return replace(report, tasks=tuple(parts)).excused(excuses)


def _task(part: TaskReport, task: Task, weighed: Mapping[str, Weighed]) -> TaskReport:
    if part.by_hand:
        return replace(part, max_points=task.points)
    asked = {name for name in weighed if name.partition("/")[0] == part.key}
    answered = {check.check.partition("[")[0] for check in part.checks}
    if asked != answered:
        raise NotAmended(f"{part.key} was graded with other checks")
    checks = tuple(_check(check, weighed[check.check.partition("[")[0]]) for check in part.checks)
    named = {check.line for check in checks} | {f.line for check in checks for f in check.faults}
    lines = {one.key for one in task.rubric.line}
    if lines and not named <= lines:
        raise NotAmended(f"{part.key} was graded by other lines of its rubric")
    return replace(part, max_points=task.points, rubric=task.rubric, checks=checks)


def _check(check: CheckResult, now: Weighed) -> CheckResult:
    return replace(
        check,
        line=check.line if now.line is None else now.line,
        weight=check.weight if now.weight is None else now.weight,
    )


def changes(
    course: Course, assignment: Assignment, excuses: Sequence[Excuse]
) -> tuple[list[Change], list[str]]:
    """What becomes of everyone's stored report, if anything does.

    Returns:
        The changes, and of whom nothing can be said, with the reason.
    """
    weighed = weighed_checks(assignment)
    found, problems = [], []
    for file in sorted((course.reports / assignment.name).glob("*.json")):
        try:
            before = Report.from_json(file.read_text(encoding="utf-8"))
            after = remarked(before, assignment.tasks, weighed, excuses)
        except (OSError, RecordError, NotAmended) as error:
            problems.append(line(f"{file.stem}: {error}; `class` grades it anew"))
            continue
        if after != before:
            found.append(Change(file.stem, before, after))
    return found, problems


def put(course: Course, assignment: Assignment, found: Sequence[Change]) -> None:
    """Put changed reports into gradebook, reports, feedback and grades.csv.

    Raises:
        CourseError: the gradebook or a page cannot be written, or it knows other points.
    """
    if not found:
        return
    with course.gradebook() as gradebook:  # first: if it is locked, everything stays as it was
        _require_points(gradebook, assignment)
        for change in found:
            with contextlib.suppress(MissingEntry):
                _into_gradebook(gradebook, assignment.name, change)
        gradebook.db.commit()
    for change in found:
        write_whole(course.report(assignment.name, change.student), change.after.to_json())
        _into_notebook(course, assignment, change)
    for command in (("generate_feedback", assignment.name), ("export", f"--to={course.grades}")):
        done = nbgrader(*command, root=course.root)
        if done.returncode != 0:
            raise CourseError(f"nbgrader {done.args[0]} failed: {last_error(done.stderr)}")


def _require_points(gradebook: Gradebook, assignment: Assignment) -> None:
    try:
        cells = gradebook.find_notebook(assignment.name, assignment.name).grade_cells
    except MissingEntry:
        raise CourseError(
            f"the gradebook has no assignment {assignment.name!r}; `make release` puts it there"
        ) from None
    points = {cell.name.removeprefix(TEST_PREFIX): cell.max_score for cell in cells}
    for task in assignment.tasks:
        if points.get(task.key) != task.points:
            raise CourseError(
                f"the gradebook gives {points.get(task.key, 0):g} points for {task.key}, the "
                f"lesson {task.points:g}; `make release` first"
            )


def _into_gradebook(gradebook: Gradebook, name: str, change: Change) -> None:
    notebook = gradebook.find_submission_notebook(name, name, change.student)
    earned, penalty = notebook.score, notebook.late_submission_penalty
    for task in change.after.tasks:
        if not task.by_hand:
            cell = TEST_PREFIX + task.key
            gradebook.find_grade(cell, name, name, change.student).auto_score = task.points
    gradebook.db.flush()
    if penalty and earned:  # a share of what was earned it stays
        gradebook.db.refresh(notebook)
        notebook.late_submission_penalty = round(penalty / earned * notebook.score, 2)


def _into_notebook(course: Course, assignment: Assignment, change: Change) -> None:
    """What feedback is made of; who was graded elsewhere has none."""
    path: Path = course.graded(assignment.name, change.student) / f"{assignment.name}.ipynb"
    if path.is_file():
        mode = path.stat().st_mode
        notebook = nbformat.read(path, as_version=4)
        fill_test_cells(notebook, change.after)
        write_whole(path, nbformat.writes(notebook) + "\n")
        path.chmod(mode)
