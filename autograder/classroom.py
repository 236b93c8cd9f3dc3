"""A whole class: the sample submissions, grading all through nbgrader, and the table at the end."""

from __future__ import annotations

import copy
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from .assignment import ROOT, Assignment
from .batch import Desk, grade_all, processors
from .checks.verdicts import Verdict
from .commands import last_error, nbgrader, nbgrader_started
from .desk import report_path, tried_wall
from .judge import offering_salt
from .notebook import file_digest, released_notebook
from .render import first_words
from .report import Report
from .results import Results, suite_fingerprint
from .source import grade_id

SUBMITTED = ROOT / "submitted"
AUTOGRADED = ROOT / "autograded"
FEEDBACK = ROOT / "feedback"
GRADES = ROOT / "grades.csv"
# what the corpus of submissions notes about an entry, and no student would hand in
CORPUS_TERMS = re.compile(r"^# (says|seen|mark): .*\n", re.MULTILINE)


class ClassError(RuntimeError):
    """The class could not be graded as a whole."""


def write_sample(assignment: Assignment) -> list[str]:
    """Put the sample class into nbgrader's submitted folder; files that are there stay as they are.

    `solutions/<name>/sample_class.toml` says what each imaginary student hands in: which file
    replaces the code of which cell, and what happened to the notebook file itself.
    """
    home = assignment.lesson.parent
    students = tomllib.loads((home / "sample_class.toml").read_text())
    release = released_notebook(assignment)
    for student, terms in students.items():
        notebook = _handed_in(release, terms.get("cells", {}))
        text = nbformat.writes(notebook) + "\n"
        if terms.get("interrupted"):
            text = text[: len(text) // 2]  # as a full disk or a lost connection leaves it
        path = SUBMITTED / student / assignment.name / f"{assignment.name}.ipynb"
        if not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return list(students)


def _handed_in(release: NotebookNode, replacements: dict[str, str]) -> NotebookNode:
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if grade_id(cell) in replacements:
            code = (ROOT / replacements[grade_id(cell)]).read_text(encoding="utf-8")
            cell.source = CORPUS_TERMS.sub("", code).rstrip("\n")
    return notebook


def grade_class(assignment: Assignment) -> None:
    """Grade what is new with nbgrader, make feedback, export the grades, print the table.

    Raises:
        ClassError: nbgrader could not grade some submission; everyone else's mark is kept.
    """
    console = Console(markup=False)  # a message or a name may hold [/b]
    students = _students(assignment)
    if not students:
        raise ClassError(
            f"nothing lies in {SUBMITTED}/*/{assignment.name}/; see docs/instructor.md"
        )
    for student in _stale(assignment, students):
        shutil.rmtree(AUTOGRADED / student / assignment.name, ignore_errors=True)
        report_path(assignment.name, student).unlink(missing_ok=True)
    waiting = _ungraded(assignment, students)
    if waiting:
        _judge(assignment, waiting, console)
        log = _autograde(assignment, len(waiting), console)
    failed = _ungraded(assignment, students)
    if waiting and failed == students:
        raise ClassError(f"nbgrader autograde failed: {last_error(log)}")
    commands = []
    if waiting or not all(_page(assignment, student).exists() for student in students):
        commands.append(["generate_feedback", assignment.name, "--force"])
    if waiting or not _is_newer(GRADES, ROOT / "gradebook.db"):
        commands.append(["export", f"--to={GRADES}"])
    for command in commands:
        done = nbgrader(*command)
        if done.returncode != 0:
            raise ClassError(f"nbgrader {command[0]} failed: {last_error(done.stderr)}")
    for table in _tables(assignment, students):
        console.print(table)
    console.print(f"grades: {GRADES.relative_to(ROOT)}")
    if failed:
        raise ClassError(
            f"no mark for {', '.join(failed)}; to see why: "
            f"nbgrader autograde {assignment.name} --student={failed[0]}"
        )


def _students(assignment: Assignment) -> list[str]:
    pattern = f"*/{assignment.name}/{assignment.name}.ipynb"
    return sorted(path.parent.parent.name for path in SUBMITTED.glob(pattern))


def _stale(assignment: Assignment, students: list[str]) -> Iterator[str]:
    """Students whose stored report is not of this file, these suites and this salt."""
    suite = suite_fingerprint(assignment, offering_salt())
    for student in students:
        submitted = _submitted(assignment, student)
        report = _report(assignment, student)
        if report is None or (report.suite, report.submission) != (suite, file_digest(submitted)):
            yield student


def _ungraded(assignment: Assignment, students: list[str]) -> list[str]:
    return [s for s in students if not (AUTOGRADED / s / assignment.name).is_dir()]


def _is_newer(path: Path, other: Path) -> bool:
    """Whether a file was written after another; not if either is missing."""
    return path.exists() and other.exists() and path.stat().st_mtime > other.stat().st_mtime


def _page(assignment: Assignment, student: str) -> Path:
    return FEEDBACK / student / assignment.name / f"{assignment.name}.html"


def _submitted(assignment: Assignment, student: str) -> Path:
    return SUBMITTED / student / assignment.name / f"{assignment.name}.ipynb"


def _judge(assignment: Assignment, students: list[str], console: Console) -> None:
    """Grade on all cores and keep the results; nbgrader, which grades one by one, finds them."""
    release, wall = released_notebook(assignment), tried_wall(assignment.name)
    desk = Desk(assignment, release, wall, offering_salt(), results=Results())
    notebooks = [_submitted(assignment, student) for student in students]
    with _progress(console) as progress:
        row = progress.add_task("grading", total=len(notebooks))
        for outcome in grade_all(desk, notebooks, processors()):
            progress.advance(row)
            if outcome.error:
                console.print(f"grader error: {outcome.notebook}: {outcome.error}")


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


def _autograde(assignment: Assignment, count: int, console: Console) -> str:
    """Run `nbgrader autograde`, which skips what it has graded, and show its progress.

    Returns what it logged.
    """
    log = []
    with (
        _progress(console) as progress,
        nbgrader_started("autograde", assignment.name) as process,
    ):
        row = progress.add_task("into the gradebook", total=count)
        assert process.stderr is not None
        current = ""
        for line in process.stderr:
            log.append(line)
            if "Autograding " in line:
                current = Path(line.strip().rpartition(" ")[2]).parent.parent.name
                progress.update(row, description=f"into the gradebook: {current}")
                if not console.is_terminal:
                    console.print(f"into the gradebook: {current}")
            elif current and "Setting destination file permissions" in line:
                progress.advance(row)
    return "".join(log)


def _report(assignment: Assignment, student: str) -> Report | None:
    """The stored report of a student, None if there is none that can be read."""
    try:
        return Report.from_json(report_path(assignment.name, student).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _tables(assignment: Assignment, students: list[str]) -> Iterator[Table]:
    """The points of everyone, then what each should look at first: narrow enough for a terminal."""
    points = Table(title=f"{assignment.name}: {len(students)} submissions", box=box.SIMPLE_HEAD)
    points.add_column("student", overflow="fold")
    for task in assignment.graded_tasks:
        points.add_column(f"{task.key.replace('_', chr(10))}\n/{task.points:g}", justify="right")
    points.add_column("total", justify="right")
    advice = Table(box=box.SIMPLE_HEAD, leading=1)
    advice.add_column("student", overflow="fold")
    advice.add_column("first thing to fix, and the feedback page", overflow="fold")
    for student in students:
        report = _report(assignment, student)
        page = _page(assignment, student)
        if report is None or not page.exists():
            points.add_row(student, *[""] * len(assignment.graded_tasks), "")
            advice.add_row(student, Verdict.GRADER_ERROR)
            continue
        earned = [f"{task.points:g}" for task in report.tasks if task.points is not None]
        points.add_row(student, *earned, f"{report.points:g}")
        advice.add_row(student, Text(f"{first_words(report)}\n{page.relative_to(ROOT)}"))
    yield points
    yield advice
