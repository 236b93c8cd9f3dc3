"""Who handed in what: a row for every folder in `submitted/` and for every student known.

A file that is almost right, a folder too deep, a student of whom nothing is there: each is told,
and none of them is a zero.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from nbformat import NotebookNode

from autograder.assignment import declared_assignments
from autograder.course import Course
from autograder.desk.people.grants import excused
from autograder.errors import Unreadable
from autograder.files import read_regular
from autograder.notebook.lesson import grade_id, is_solution
from autograder.notebook.reader import parse
from autograder.notebook.repair import repair
from autograder.text import without_controls

from .clock import STAMP

SECRET = "submission_secret.txt"  # by it nbgrader's exchange hands feedback back
MISSING, NOT_GRADED, GRADED, EXCUSED = "missing", "not graded", "graded", "excused"
LOOKED_AT = 1_000  # files of one student's; whoever hands in more is told of these
TOLD = 80  # characters of a name that a student chose, where it is told in words of ours
COMPARED = 5  # other notebooks of one student's
NOT_WORK = {STAMP, SECRET, "__pycache__", "__MACOSX"}
LIKE_A_NOTEBOOK = re.compile(r"\.ipynb", re.IGNORECASE)  # `<name>.ipynb.txt` too
ARCHIVE = re.compile(r"\.(zip|tar|t?gz|t?bz2|t?xz|7z|rar)$", re.IGNORECASE)
# nbgrader takes a folder's name for a pattern, and keeps it in one line of UTF-8
NO_NAME = re.compile(r"[\[\]*?\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class RosterEntry:
    """What lies in `submitted/` of one student for one assignment."""

    student: str
    assignment: str
    there: bool = False  # under the one name that is graded, and can be read
    others: tuple[str, ...] = ()  # other files, those most like a notebook first
    trouble: str = ""  # what else keeps it from being graded
    loose: bool = False  # it lies beside the students' folders: nobody knows whose it is
    excused: bool = False  # whatever came, there is no mark and none is missing

    @property
    def lost(self) -> bool:
        """Whether something was handed in and is not graded."""
        return not (self.there or self.excused) and bool(self.others or self.trouble)

    @property
    def status(self) -> str:
        """What to say of it where there is no mark."""
        if self.excused:
            return EXCUSED
        if self.trouble:
            return f"{NOT_GRADED}: {self.trouble}"
        if self.others:
            names = ", ".join(repr(_cut(name)) for name in self.others[:3])
            more = f" and {len(self.others) - 3} more" if len(self.others) > 3 else ""
            return f"{NOT_GRADED}: found {names}{more}"
        return NOT_GRADED if self.there else MISSING

    @property
    def mend(self) -> str:
        """The command that accepts what was found, or what else to do."""
        if not self.lost or self.trouble:
            return ""
        student = "STUDENT" if self.loose else self.student
        home = f"submitted/{student}/{self.assignment}/{self.assignment}.ipynb"
        if ARCHIVE.search(self.others[0]):
            return f"unpack {self.others[0]!r}, and put the notebook at {home}"
        if not LIKE_A_NOTEBOOK.search(self.others[0]):
            return f"ask for the notebook; it belongs at {home}"
        words = (self.assignment, student, self.others[0])
        dashed = any(word.startswith("-") for word in words)  # would be taken for an option
        return shlex.join(("python", "-m", "autograder", "accept", *["--"] * dashed, *words))


def hand_ins(
    course: Course, assignment: str, students: Collection[str], others: Collection[str] = ()
) -> list[RosterEntry]:
    """A row for every folder in `submitted/` and every known student, by name.

    Args:
        students: those of the gradebook.
        others: names of other assignments, whose folders are no business of this one.
    """
    others = {*others, *declared_assignments()}
    rows = {student: RosterEntry(student, assignment) for student in students}
    for entry in _entries(course.submitted):
        if entry.is_dir():
            rows[entry.name] = _looked_at(Path(entry.path), assignment, others)
        elif LIKE_A_NOTEBOOK.search(entry.name) or ARCHIVE.search(entry.name):
            rows[entry.name] = RosterEntry(entry.name, assignment, others=(entry.name,), loose=True)
    for student in excused(course.extensions, assignment):
        if student in rows:
            rows[student] = replace(rows[student], excused=True)
    return [rows[student] for student in sorted(rows)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(".")]


def _looked_at(home: Path, assignment: str, others: Collection[str]) -> RosterEntry:
    """What lies in one student's folder."""
    student, folder = home.name, home / assignment
    notebook = folder / f"{assignment}.ipynb"
    if bad := NO_NAME.search(student):
        trouble = f"the folder's name holds {bad[0]!r}, with which nbgrader fails; rename it"
        return RosterEntry(student, assignment, trouble=trouble)
    for place in (home, folder):
        if os.path.lexists(place) and not os.access(place, os.R_OK | os.X_OK):
            trouble = f"the folder {str(place.relative_to(home.parent))!r} may not be opened here"
            return RosterEntry(student, assignment, trouble=trouble)
    if folder.is_symlink():
        return RosterEntry(student, assignment, trouble=f"its folder {assignment!r} is a link")
    if os.path.lexists(notebook):
        if notebook.is_file() and not notebook.is_symlink() and not os.access(notebook, os.R_OK):
            trouble = f"{notebook.name!r} may not be read here; chmod u+r it, or ask its owner"
            return RosterEntry(student, assignment, trouble=trouble)
        return RosterEntry(student, assignment, there=True)
    files = list(islice(_files(home, {*others} - {assignment}), LOOKED_AT))
    own = [path.relative_to(folder if folder in path.parents else home) for path in files]
    return RosterEntry(student, assignment, others=tuple(map(str, sorted(own, key=_likeness))))


def _files(home: Path, others: Collection[str] = ()) -> Iterator[Path]:
    """The files in a folder and below that a student may mean as work; not below `home / other`."""
    for place, folders, names in os.walk(home):
        skipped = NOT_WORK.union(others if Path(place) == home else ())
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in skipped)
        for name in sorted(names):
            if not name.startswith(".") and name not in NOT_WORK:
                yield Path(place, name)


def _likeness(path: Path) -> tuple[bool, bool, int, str]:
    """Sorts what looks most like the notebook first."""
    name = path.name
    return (
        not LIKE_A_NOTEBOOK.search(name) or bool(ARCHIVE.search(name)),
        not ARCHIVE.search(name),
        len(path.parts),
        str(path),
    )


def overlooked(notebook: Path, release: NotebookNode) -> list[str]:
    """What to say of other notebooks beside the graded one that solve what it leaves untouched."""
    home, folder = notebook.parents[1], notebook.parent
    higher = (Path(entry.path) for entry in _entries(home) if entry.is_file())
    files = islice(chain(higher, _files(folder)), LOOKED_AT)
    others = [path for path in files if LIKE_A_NOTEBOOK.search(path.name) and path != notebook]
    if not others:
        return []
    done = _worked_on(notebook, release)
    findings = []
    for path in others[:COMPARED]:
        more = sorted(_worked_on(path, release) - done)
        if more:
            name = _cut(without_controls(os.path.relpath(path, folder)))
            findings.append(
                f"only {notebook.name!r} is graded; {name!r} beside it holds work on "
                f"{', '.join(more)} that is not in it"
            )
    return findings


def _cut(name: str) -> str:
    return name if len(name) <= TOLD else f"{name[: TOLD - 1]}…"


def _worked_on(path: Path, release: NotebookNode) -> set[str]:
    """The tasks whose cell differs from the release in a notebook."""
    try:
        submitted = repair(parse(read_regular(path)), release).notebook
    except (Unreadable, OSError):
        return set()
    released = {grade_id(cell): cell.source.strip() for cell in release.cells if is_solution(cell)}
    return {
        grade_id(cell)
        for cell in submitted.cells
        if is_solution(cell) and cell.source.strip() != released.get(grade_id(cell))
    }
