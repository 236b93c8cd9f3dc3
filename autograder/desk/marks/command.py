"""`python -m autograder marks`: out to where marks live."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.people.enrol import enrol
from autograder.desk.people.sheet import Sheet
from autograder.desk.submissions.lateness import course_terms, settle
from autograder.desk.submissions.table import from_here
from autograder.errors import SheetError
from autograder.files import require_writable
from autograder.text import log

from .handover import feedback_archives, gradescope_results, mail_merge
from .lms import SYSTEMS, filled
from .marks import StudentMark, marks_of


def run(options: argparse.Namespace) -> int:
    """Write what was asked for. Exit code 1: somebody's mark is not in it."""
    name, course = Assignment(options.assignment).name, Course.at()
    with course.gradebook() as gradebook:
        enrol(course, gradebook)
        terms = course_terms(gradebook, name)
        settle(course, gradebook, name)
        others = [assignment.name for assignment in gradebook.assignments]
        marks = list(marks_of(course, gradebook, name, others))
    target = options.to or _target(course, name, options.what)
    left: Sequence[str] = ()
    if options.what in SYSTEMS:
        return _fill(options, course, name, marks, target)
    if options.what == "feedback":
        archives, left = feedback_archives(course, name, marks, target, options.partial)
        for archive in archives:
            print(from_here(archive))
    elif options.what == "gradescope":
        written, left = gradescope_results(course, name, marks, target, terms, datetime.now(UTC))
        print(f"{written} results.json in {from_here(target)}")
    else:
        require_writable(target)
        mail_merge(course, name, marks, target)
        print(f"{len(marks)} rows in {from_here(target)}")
    return _told(left, marks, options.partial or options.what == "mail")


def _target(course: Course, name: str, what: str) -> Path:
    folder = course.root / "build" / "marks"
    folder.mkdir(parents=True, exist_ok=True)
    if what == "mail" or what in SYSTEMS:
        return folder / f"{name}-{what}.csv"
    return folder / what


def _fill(
    options: argparse.Namespace, course: Course, name: str, marks: list[StudentMark], target: Path
) -> int:
    source = options.list or course.students
    title, terms = options.column or name, {"scaled": options.scaled, "partial": options.partial}
    try:
        done = filled(SYSTEMS[options.what], Sheet.read(source), marks, title, **terms)
    except SheetError as error:
        said = str(error).removeprefix(f"{source}: ")
        raise SheetError(said if str(source) in said else f"{source}: {said}") from error
    require_writable(target)
    done.sheet.write(target)
    print(f"{done.written} marks in {from_here(target)}")
    if done.unknown:
        print(f"not in the class: {', '.join(done.unknown)} of {source.name}", file=sys.stderr)
    return _told(done.lost, marks, options.partial)


def _told(left: Sequence[str], marks: Sequence[StudentMark], partial: bool) -> int:
    """Say whose mark went nowhere, and who waits; exit code 1 for the former."""
    waiting = [m.student.id for m in marks if m.score is not None and m.final is None]
    if waiting and not partial:
        print(f"left out, for a person has yet to grade them: {log(', '.join(waiting))}")
    lost = [name for name in left if partial or name not in waiting]
    if lost:
        print(f"error: a mark, and no place for it: {log(', '.join(lost))}", file=sys.stderr)
    return 1 if lost else 0
