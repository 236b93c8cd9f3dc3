"""What each feedback page is made of, and whether it still shows that.

A page holds a digest of its sources. Whoever writes pages, nbgrader's own command included, writes
those anew whose digest is another, and no others.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbgrader.converters.base import BaseConverter

from autograder.assignment import ROOT
from autograder.course import CONFIG, Course
from autograder.desk.submissions.entries import entries
from autograder.desk.submissions.lateness import settle, told
from autograder.desk.submissions.roster import SECRET
from autograder.desk.submissions.waiting import waiting
from autograder.files import is_own

# of the grader: what turns records into a page
MAKERS = (
    *("autograder/*.py", "autograder/desk/pages/**/*", "autograder/desk/plugins/*.py"),
    *("autograder/notebook/**/*", "autograder/report/**/*", "checks/*.py", "constraints.txt"),
)
MADE_OF = re.compile(rb'<html[^>]* data-made-of="(\w+)"')
HEAD = 1_000  # bytes of a page in which that stands
END, CUT_OFF = b"</html>", "cut off"


@dataclass(frozen=True)
class Source:
    """What one student's page is made of.

    Attributes:
        late: what being late has cost, or that the due date was another; "" for nothing.
        waiting: grade ids of the cells that a person has yet to grade.
        marks: points, penalties and comments of the gradebook.
        makers: names what makes a page of it.
    """

    course: Course
    assignment: str
    student: str
    late: str
    waiting: frozenset[str]
    marks: tuple[Any, ...]
    makers: str

    @cached_property
    def digest(self) -> str:
        """Names all of it, and what makes a page of it."""
        said = _said(self.course.report(self.assignment, self.student))
        graded = self.course.graded(self.assignment, self.student)
        files = (graded / f"{self.assignment}.ipynb", graded / SECRET)  # by which it is handed back
        parts = [self.makers, self.late, sorted(self.waiting), self.marks, said]
        return _digest(json.dumps([*parts, *map(_file_digest, files)]).encode())[:32]

    @property
    def stale(self) -> bool:
        """Whether there is no page that shows it."""
        try:
            return made_of(self.course.page(self.assignment, self.student)) != self.digest
        except OSError:
            return True


def made_of(page: Path) -> str:
    """The digest in a page; "" if there is none, and no page's where the page is cut off.

    Raises:
        OSError: it cannot be read.
    """
    content = page.read_bytes()
    found = MADE_OF.search(content[:HEAD])
    if found is None:
        return ""
    return found[1].decode() if content.rstrip().endswith(END) else CUT_OFF


def page_sources(course: Course, assignment: str) -> dict[str, Source]:
    """What the page of each student of the gradebook is made of now.

    Raises:
        CourseError: the gradebook cannot be read.
    """
    found = {}
    makers = _makers(course.root)
    with course.gradebook() as gradebook:
        settle(course, gradebook, assignment)
        late = told(course, gradebook, assignment)
        for submission in entries(gradebook, assignment):
            student = submission.student.id
            said, marks = late.get(student, ""), tuple(_marks(submission))
            waits = waiting(submission)
            found[student] = Source(course, assignment, student, said, waits, marks, makers)
    return found


def stale_pages(course: Course, assignment: str) -> list[str]:
    """Whose page is missing, or shows what is no longer so; see `page_sources`."""
    name = f"{assignment}.ipynb"
    return [
        student
        for student, source in page_sources(course, assignment).items()
        if (course.graded(assignment, student) / name).is_file() and source.stale
    ]


def write_anew(converter: BaseConverter, students: Collection[str]) -> None:
    """Let a converter write these pages anew; without `--force` it knows only of submissions."""
    forced, is_wanted = converter.force, converter.init_destination

    def is_wanted_or_stale(assignment: str, student: str) -> bool:
        converter.force = forced or student in students
        return bool(is_wanted(assignment, student))

    converter.init_destination = is_wanted_or_stale


def _said(report: Path) -> Any:
    """What a report says, but for the student's name, which no page shows; None if it is none."""
    try:
        return {**json.loads(report.read_bytes()), "student": ""}
    except (OSError, ValueError, TypeError):
        return None


def _marks(submission: Any) -> Iterator[Any]:
    for book in submission.notebooks:
        yield book.late_submission_penalty
        yield sorted((one.cell.name, one.score, one.cell.max_score) for one in book.grades)
        yield sorted((one.cell.name, one.comment or "") for one in book.comments)


def _makers(root: Path) -> str:
    """Names what makes pages in a course."""
    found = {path for pattern in MAKERS for path in ROOT.glob(pattern) if is_own(path)}
    files = sorted(found | {ROOT / CONFIG, root / CONFIG})
    return _digest("".join(map(_file_digest, files)).encode())


def _file_digest(path: Path) -> str:
    """Names a file's bytes; "" if there are none."""
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
