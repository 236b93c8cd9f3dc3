"""What nbgrader's converters see of a student's folder: the notebook, a time stamp, a secret.

nbgrader copies whatever lies beside a notebook, into the graded folder and on into the feedback,
follows links, waits for pipes, and stops at what it may not read. So it is shown another folder, in
which there is nothing but what it needs; nothing in the student's is changed.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
import weakref
from fnmatch import fnmatchcase
from pathlib import Path

from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory

from autograder.course import Course
from autograder.errors import CourseError
from autograder.files import read_regular

from .clock import FORMAT, STAMP, time_of
from .entries import entries
from .roster import SECRET, hand_ins

LONGEST_SECRET = 1_000  # characters; nbgrader's own have 128


def show_hand_ins(converter: BaseConverter) -> None:
    """Let a converter see what was handed in under the right name, and tell of what was not.

    It copies nothing of the source either: the judge looks nowhere but into the release.
    """
    seen = _Stage(converter, "submitted_directory")
    course, assignment = seen.course, seen.assignment
    others = _assignments(course)
    for row in hand_ins(course, assignment, (), others):
        if not fnmatchcase(row.student, seen.students):
            continue
        if row.there:
            seen.add(row.student, course.submitted)
        elif row.lost:
            advice = f"; {row.mend}" if row.mend else ""
            converter.log.error("%s: %s%s", row.student, row.status, advice)
    seen.open(source_directory=str(seen.folder / "no source"))


def show_graded(converter: BaseConverter) -> None:
    """Let a converter see the graded notebooks of students whom the gradebook knows."""
    seen = _Stage(converter, "autograded_directory")
    known = _students(seen.course, seen.assignment)
    for folder in map(Path, list(converter.assignments)):
        student = folder.parent.name
        if known is None or student in known:
            seen.add(student, seen.course.autograded)
        else:
            converter.log.warning(
                "%s has no submission in the gradebook and is left out; "
                "`python -m autograder remove %s` deletes what there is",
                *(student, shlex.quote(student)),
            )
    seen.open()


def _assignments(course: Course) -> set[str]:
    """The assignments that the gradebook knows; none if it cannot be read, as nbgrader will say."""
    try:
        with course.gradebook() as gradebook:
            return {known.name for known in gradebook.assignments}
    except CourseError:
        return set()


def _students(course: Course, assignment: str) -> set[str] | None:
    """Whose submissions the gradebook holds; None if it cannot be read, as nbgrader will say."""
    try:
        with course.gradebook() as gradebook:
            submissions = entries(gradebook, assignment)
            return {submission.student.id for submission in submissions}
    except CourseError:
        return None


class _Stage:
    """A folder of links that stands for one of a course's folders."""

    def __init__(self, converter: BaseConverter, step: str) -> None:
        directory = converter.coursedir
        self.course, self.assignment = Course(directory), str(directory.assignment_id)
        self.students = str(directory.student_id)
        self.folder = Path(tempfile.mkdtemp(prefix="nbgrader-"))
        weakref.finalize(converter, shutil.rmtree, self.folder, ignore_errors=True)
        self._converter, self._step = converter, step
        self._shown: dict[str, list[str]] = {}

    def add(self, student: str, origin: Path) -> None:
        """Show one student's notebook, as a link, and when it came."""
        shown, folder = (place / student / self.assignment for place in (self.folder, origin))
        shown.mkdir(parents=True)
        notebook = shown / f"{self.assignment}.ipynb"
        notebook.symlink_to(folder / notebook.name)
        came = time_of(folder)
        if came is not None:
            (shown / STAMP).write_text(came.strftime(FORMAT))
        secret = secret_of(folder)
        if secret:
            (shown / SECRET).write_text(secret)
        self._shown[str(shown)] = [str(notebook)]

    def open(self, **terms: str) -> None:
        """Let the converter work on this folder; `terms` change its course directory further."""
        known = self._converter.coursedir
        values = {name: getattr(known, name) for name in known.trait_names(config=True)}
        values |= {self._step: str(self.folder), **terms}
        self._converter.coursedir = CourseDirectory(parent=known.parent, **values)
        self._converter.assignments = self._shown


def secret_of(folder: Path) -> str:
    """The secret under which a submission's feedback is found, "" if there is none of its kind."""
    try:
        text = read_regular(folder / SECRET).decode("ascii")
    except (OSError, ValueError):  # it is none, or not readable, or no text
        return ""
    return text if len(text) <= LONGEST_SECRET else ""


def original(shown: Path) -> Path:
    """The file that a converter was shown as this one."""
    return shown.readlink() if shown.is_symlink() else shown
