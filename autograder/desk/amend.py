"""What an instructor mends in a class: accepts a file of another name, removes a student."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from nbgrader.api import MissingEntry

from autograder.commands import last_error, nbgrader
from autograder.course import Course
from autograder.errors import CourseError, NoGradebook, NotAmended, Unreadable
from autograder.files import delete, read_regular
from autograder.notebook.reader import parse

from .clock import STAMP
from .roster import NO_NAME, SECRET

EARLIER = "earlier"  # folder of reports that were made anew, in that of an assignment's reports
BESIDE = (STAMP, SECRET)  # what goes with a notebook from the folder that it was handed in with


def accept(course: Course, assignment: str, student: str, name: str) -> tuple[Path, Path | None]:
    """Put a file in the place of the notebook that is graded; nothing is deleted.

    Args:
        name: a file, as the table names it: from the student's folder of the assignment, else from
            the student's folder, else from `submitted/`, else from here.

    Returns:
        Where it was put, and where what had been there is now, if something had.

    Raises:
        NotAmended: no such student or file, or it is no notebook.
        OSError: it cannot be written.
    """
    require_name(student)
    if NO_NAME.search(student):
        raise NotAmended(f"{student!r} is no name that nbgrader can work with; rename the folder")
    target = course.notebook(assignment, student)
    places = (target.parent, target.parents[1], course.submitted, Path.cwd())
    file = next((place / name for place in places if os.path.lexists(place / name)), None)
    if file is None:
        raise NotAmended(f"{name!r} is not there, neither in {target.parents[1]} nor from here")
    if os.path.lexists(target) and os.path.samestat(file.lstat(), target.lstat()):
        raise NotAmended(f"{file} is the notebook that is graded already")
    try:
        data = read_regular(file)
        parse(data)
    except Unreadable as error:
        raise NotAmended(f"{file} cannot be accepted: {error}") from error
    if target.parent.is_symlink():
        raise NotAmended(f"{target.parent} is a link; put a folder there")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    part.write_bytes(data)
    kept = None
    if os.path.lexists(target):
        kept = _free(target)
        target.rename(kept)
    part.rename(target)
    if file.parent == course.submitted:
        file.unlink()  # nobody's there, and now this student's
    for other in BESIDE:
        there, here = file.parent / other, target.parent / other
        own = target.parents[1] in there.parents
        if own and there != here and there.is_file() and not os.path.lexists(here):
            here.write_bytes(read_regular(there))
    return target, kept


def _free(path: Path) -> Path:
    """A name beside a file that nothing has."""
    names = (path.with_name(f"{path.stem} before {n}{path.suffix}") for n in range(1, 10_000))
    return next(name for name in names if not os.path.lexists(name))


def remove(course: Course, students: Iterable[str]) -> list[str]:
    """Remove students with all that is kept of them here, and export the grades anew.

    Returns:
        Those of whom there was anything.

    Raises:
        NotAmended: a name is no folder's.
        CourseError: the gradebook or grades.csv cannot be written.
    """
    names = list(dict.fromkeys(students))
    for name in names:
        require_name(name)
    known: set[str] = set()
    with contextlib.suppress(NoGradebook), course.gradebook() as gradebook:
        for name in names:  # first of all: if the gradebook is locked, everything stays as it was
            with contextlib.suppress(MissingEntry):
                gradebook.remove_student(name)
                known.add(name)
    for name in names:
        for path in _kept_of(course, name):
            delete(path)
            known.add(name)
    if known and course.grades.exists():
        done = nbgrader("export", f"--to={course.grades}", root=course.root)
        if done.returncode != 0:
            raise CourseError(f"nbgrader export failed: {last_error(done.stderr)}")
    return [name for name in names if name in known]


def _kept_of(course: Course, student: str) -> list[Path]:
    folders = [place / student for place in (course.submitted, course.autograded, course.feedback)]
    reports = course.reports.glob(f"*/{glob.escape(student)}.json")
    earlier = course.reports.glob(f"*/{EARLIER}/{glob.escape(student)}")
    return [path for path in (*folders, *reports, *earlier) if os.path.lexists(path)]


def require_name(student: str) -> None:
    """Refuse what cannot be a student's folder.

    Raises:
        NotAmended: it is none.
    """
    if student in ("", ".", "..") or "/" in student:
        raise NotAmended(f"{student!r} is no student's folder")
