"""What an instructor mends in a class: accepts a file of another name."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from autograder.course import Course
from autograder.desk.submissions.clock import STAMP
from autograder.desk.submissions.roster import NO_NAME, SECRET
from autograder.errors import NotAmended, Unreadable
from autograder.files import read_regular
from autograder.notebook.reader import parse

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
        kept = free_name(target)
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


def free_name(path: Path) -> Path:
    """A name beside a file that nothing has."""
    names = (path.with_name(f"{path.stem} before {n}{path.suffix}") for n in range(1, 10_000))
    return next(name for name in names if not os.path.lexists(name))


def require_name(student: str) -> None:
    """Refuse what cannot be a student's folder.

    Raises:
        NotAmended: it is none.
    """
    if student in ("", ".", "..") or "/" in student:
        raise NotAmended(f"{student!r} is no student's folder")
