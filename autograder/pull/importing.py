"""Puts graded pull requests into nbgrader's gradebook: the same marks, through nbgrader's API."""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from autograder.assignment import ROOT, TEST_PREFIX
from autograder.course import Course, opened
from autograder.desk.marks.marks import is_graded
from autograder.desk.people.students import read_students
from autograder.desk.submissions.clock import FORMAT, STAMP
from autograder.desk.submissions.lateness import settle
from autograder.files import read_typed, write_whole
from autograder.report.excuse import FILE as EXCUSED
from autograder.report.excuse import read_excuses
from autograder.report.record import Report
from autograder.text import log

from .event import time
from .outcome import GRADED, Outcome
from .pages.folder import OUTCOME, REPORT

COLUMNS = ("login", "student_id")


class ImportRefused(ValueError):
    """Something cannot go into the gradebook; nothing of it has."""


@dataclass(frozen=True)
class GradedRequest:
    """One graded request, as `pr` has left it in a folder."""

    folder: Path
    outcome: Outcome
    report: Report

    @property
    def came(self) -> datetime | None:
        """When the server got it, if it said."""
        return time(self.outcome.came) if self.outcome.came else None

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Of two requests of one student for one assignment, the greater one counts."""
        came = self.came or datetime.min.replace(tzinfo=UTC)
        return came, self.outcome.number or 0, self.outcome.head


def run(options: argparse.Namespace) -> int:
    """Import folders and say what was done; exit code 1 if some could not be."""
    course = Course.at()
    roster = read_roster(options.roster) if options.roster else accounts(course)
    requests = list(graded_below(options.folder))
    failed, brought = 0, set()
    with opened(options.db or configured_database()) as gradebook:
        for graded in newest(requests):
            who = log(f"{graded.outcome.login}, {graded.outcome.assignment}")
            try:
                name = graded.report.assignment
                report = graded.report.excused(read_excuses(ROOT / EXCUSED, name))
                graded = replace(graded, report=report)  # graded before it was decided
                student = student_of(graded.outcome.login, roster)
                done = import_one(gradebook, student, graded)
                if done:
                    keep_beside(student, graded)
            except ImportRefused as error:
                failed += 1
                print(f"error: {who}: {log(str(error))}", file=sys.stderr)
                continue
            marks = f"{graded.report.points:g} of {graded.report.max_points:g}"
            print(f"{who} → {log(student)}: {marks if done else 'older than the gradebook; left'}")
            brought.add(graded.outcome.assignment)
        for assignment in sorted(brought):
            settle(course, gradebook, assignment)
    if not requests:
        print("error: no graded pull request lies there", file=sys.stderr)
    return 1 if failed or not requests else 0


def configured_database() -> str:
    """The gradebook that `nbgrader_config.py` names."""
    return Course.at().database


def read_roster(file: Path) -> dict[str, str]:
    """Student ids by account, in lower case, from a CSV file with these two columns.

    Raises:
        OSError: the file cannot be read, has other columns, or names an account twice.
    """
    roster: dict[str, str] = {}
    rows = csv.DictReader(read_typed(file).splitlines())
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise OSError(f"{file}: expected columns {', '.join(COLUMNS)}, got {rows.fieldnames}")
    for row in rows:
        login, student = ((row[column] or "").strip() for column in COLUMNS)
        if not login or not student:
            raise OSError(f"{file}, line {rows.line_num}: login or student_id is missing")
        if "/" in student or student.startswith("."):  # nbgrader names folders so
            raise OSError(f"{file}, line {rows.line_num}: {student!r} cannot name a folder")
        if roster.setdefault(login.lower(), student) != student:
            raise OSError(f"{file}: {login!r} stands for two students")
    return roster


def accounts(course: Course) -> dict[str, str]:
    """Student ids by account, in lower case, from the column `login` of `students.csv`.

    A student without an account there has none: whoever takes another's id for a name would else
    be taken for them.

    Raises:
        OSError: there is no such column, or an account stands twice.
    """
    known: dict[str, str] = {}
    for student in read_students(course.students):
        if student.login and known.setdefault(student.login.lower(), student.id) != student.id:
            raise OSError(f"{course.students}: {student.login!r} stands for two students")
    if not known:
        raise OSError(f"{course.students} has no column `login`; add it, or name a --roster")
    return known


def student_of(login: str, roster: dict[str, str]) -> str:
    """The student id of an account.

    Raises:
        ImportRefused: the roster does not know it.
    """
    try:
        return roster[login.lower()]
    except KeyError:
        raise ImportRefused(f"the roster has no account {login!r}; add a line for it") from None


def graded_below(folders: Iterable[Path]) -> Iterator[GradedRequest]:
    """All graded requests in these folders and below.

    Raises:
        OSError: a record is there and is none of ours.
    """
    for path in sorted({path for folder in folders for path in folder.rglob(OUTCOME)}):
        if path.parent.name == "shown" and (path.parent.parent / OUTCOME).is_file():
            continue  # the same once more
        record = path
        try:
            outcome = Outcome.from_json(record.read_text(encoding="utf-8"))
            if outcome.status != GRADED:
                continue
            record = path.parent / REPORT
            report = Report.from_json(record.read_text(encoding="utf-8"))
            graded = GradedRequest(path.parent, outcome, report)
            if outcome.assignment != report.assignment or outcome.login != report.student:
                raise ValueError("it and the outcome are of different submissions")
            _ = graded.order
        except (ValueError, FileNotFoundError) as error:
            raise OSError(
                f"{path.parent} cannot be imported: {record.name}: {error}; "
                "fetch it again, or grade the request again"
            ) from error
        yield graded


def newest(requests: Iterable[GradedRequest]) -> list[GradedRequest]:
    """For each student and assignment the one that counts, whatever the order they came in."""
    chosen: dict[tuple[str, str], GradedRequest] = {}
    for graded in sorted(requests, key=lambda one: one.order):
        chosen[graded.outcome.login.lower(), graded.outcome.assignment] = graded
    return list(chosen.values())


def import_one(gradebook: Gradebook, student: str, graded: GradedRequest) -> bool:
    """Put one request's marks into the gradebook; a second time changes nothing.

    Marks and comments given by hand stay. A written answer waits for a person. What being late
    costs is as the request's record says, until `settle` goes by the gradebook's due dates.

    Returns:
        Whether it was put there; not if the gradebook holds a later submission.

    Raises:
        ImportRefused: the gradebook does not know the assignment or a task.
    """
    name = graded.report.assignment
    came = graded.came.replace(tzinfo=None) if graded.came else None
    try:
        cells = {cell.name for cell in gradebook.find_notebook(name, name).grade_cells}
    except MissingEntry:
        raise ImportRefused(
            f"the gradebook has no assignment {name!r}; `make release` puts it there"
        ) from None
    wanted = {task.key if task.by_hand else TEST_PREFIX + task.key for task in graded.report.tasks}
    if wanted != cells:
        raise ImportRefused(
            f"the report has the tasks {sorted(wanted)}, the gradebook {sorted(cells)}; grade again"
        )
    known, fresh = None, True
    try:
        submission = gradebook.find_submission(name, student)
        known = submission.timestamp
        fresh = known != came or not is_graded(submission)
    except MissingEntry:
        pass
    if known is not None and (came is None or came < known):
        return False
    gradebook.update_or_create_student(student)
    with gradebook.db.no_autoflush:  # else SQLAlchemy warns of how nbgrader builds submissions
        gradebook.update_or_create_submission(name, student, timestamp=came)
    for task in graded.report.tasks:
        cell = task.key if task.by_hand else TEST_PREFIX + task.key
        grade = gradebook.find_grade(cell, name, name, student)
        grade.auto_score = task.points
        if fresh:  # as nbgrader does: what was given by hand is to be looked at again
            grade.needs_manual_grade = task.by_hand or grade.manual_score is not None
    notebook = gradebook.find_submission_notebook(name, name, student)
    share = graded.outcome.penalty_percent / 100
    notebook.late_submission_penalty = round(graded.report.points * share, 2) or None
    gradebook.db.commit()
    return True


def keep_beside(student: str, graded: GradedRequest) -> None:
    """Keep report and notebook where nbgrader's own commands look: for the written answer."""
    name = graded.report.assignment
    report = ROOT / "reports" / name / f"{student}.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    write_whole(report, replace(graded.report, student=student).to_json())
    notebook = graded.folder / f"{name}.ipynb"
    if notebook.is_file() and not notebook.is_symlink():
        folder = ROOT / "submitted" / student / name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(notebook, folder / notebook.name)
        if graded.came:
            write_whole(folder / STAMP, graded.came.strftime(FORMAT))
