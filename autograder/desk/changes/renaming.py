"""Removes a student, gives one another name, or makes one of two: with all that is kept of them."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from autograder.commands import last_error, nbgrader
from autograder.course import Course
from autograder.desk.people import grants, shares, students
from autograder.desk.people.enrol import FIELDS
from autograder.desk.people.students import no_id, read_students
from autograder.desk.submissions.clock import STAMP, time_of
from autograder.desk.submissions.roster import SECRET
from autograder.errors import CourseError, NoGradebook, NotAmended
from autograder.files import delete, write_whole
from autograder.judge.results import Results
from autograder.report.record import Report

from .amend import EARLIER, free_name, require_name


def remove(course: Course, names: Iterable[str]) -> list[str]:
    """Remove students with all that is kept of them here, and export the grades anew.

    Results that are kept against grading twice name nobody: all of them go.

    Returns:
        Those of whom there was anything.

    Raises:
        NotAmended: a name is no folder's.
        SheetError, RecordError: `students.csv`, `shares.csv` or `extensions.jsonl` is not in order.
        CourseError: the gradebook or grades.csv cannot be written.
    """
    unique = list(dict.fromkeys(names))
    for name in unique:
        require_name(name)
    read_students(course.students)  # better refused now than when half is done
    grants.all_grants(course.extensions)
    shares.read_shares(course.shares)
    known: set[str] = set()
    with contextlib.suppress(NoGradebook), course.gradebook() as gradebook:
        for name in unique:  # first of all: if the gradebook is locked, everything stays as it was
            with contextlib.suppress(MissingEntry):
                gradebook.remove_student(name)
                known.add(name)
    for name in unique:
        for path in _kept_of(course, name):
            delete(path)
            known.add(name)
        listed = students.renamed(course.students, name, "")
        dealt = shares.renamed(course.shares, name, "")
        if grants.renamed(course.extensions, name, "") or listed or dealt:
            known.add(name)
    if known:
        Results().clear()
        _write_anew(course)
    return [name for name in unique if name in known]


def _write_anew(course: Course) -> None:
    """Export the grades, and delete what else speaks of several students: it can be made again."""
    for path in (
        course.root / "build" / "marks",
        *course.reports.glob("*/class*.*"),
        *course.reports.glob("*/alike.*"),
    ):
        if os.path.lexists(path) and path.suffix != ".json":
            delete(path)
    if course.grades.exists():
        done = nbgrader("export", f"--to={course.grades}", root=course.root)
        if done.returncode != 0:
            raise CourseError(f"nbgrader export failed: {last_error(done.stderr)}")


def _homes(course: Course, student: str) -> list[Path]:
    return [place / student for place in (course.submitted, course.autograded, course.feedback)]


def _kept_of(course: Course, student: str) -> list[Path]:
    name = glob.escape(student)
    reports = [*course.reports.glob(f"*/{name}.json"), *course.reports.glob(f"*/{EARLIER}/{name}")]
    return [path for path in (*_homes(course, student), *reports) if os.path.lexists(path)]


def rename(course: Course, old: str, new: str) -> None:
    """Give a student another id, everywhere.

    Raises:
        NotAmended: nobody is called so, the new name cannot be one, or somebody has it; nothing
            was changed.
        CourseError: the gradebook or grades.csv cannot be written.
    """
    require_name(old)
    require_name(new)
    if why := no_id(new):
        raise NotAmended(f"{new!r} cannot be a student's id: {why}")
    if old == new or _is_known(course, new):
        raise NotAmended(
            f"{new!r} is there already; if both are one person: "
            f"python -m autograder merge {old} {new}"
        )
    if not _is_known(course, old):
        raise NotAmended(f"nothing is kept of {old!r}")
    _move(course, old, new, {})
    students.renamed(course.students, old, new)
    grants.renamed(course.extensions, old, new)
    shares.renamed(course.shares, old, new)
    _write_anew(course)


def _is_known(course: Course, name: str) -> bool:
    if _kept_of(course, name) or any(s.id == name for s in read_students(course.students)):
        return True
    with contextlib.suppress(NoGradebook), course.gradebook() as gradebook:
        return any(student.id == name for student in gradebook.students)
    return False


@dataclass(frozen=True)
class HandIn:
    """One student's work for one assignment."""

    there: bool
    came: datetime | None


def merge(course: Course, old: str, new: str, keep: str = "") -> list[str]:
    """Make one student of two: all that is kept of the first becomes the second's.

    Where both have handed in the same assignment, what came last counts; the other notebook is
    kept beside it under another name, its mark is not.

    Args:
        keep: which of the two counts where both have handed in; "" for what came last.

    Returns:
        What counts where both had handed in, a line each.

    Raises:
        NotAmended: one of them is not known, or nobody knows which came last; nothing was changed.
        CourseError: the gradebook or grades.csv cannot be written.
    """
    for name in (old, new):
        require_name(name)
        if not _is_known(course, name):
            raise NotAmended(f"nothing is kept of {name!r}")
    if old == new:
        raise NotAmended(f"{old!r} is one student already")
    if keep not in ("", old, new):
        raise NotAmended(f"--keep names neither {old!r} nor {new!r}, but {keep!r}")
    counts, lines = {}, []
    for name in _assignments(course, old):
        mine, other = (_handed_in(course, name, student) for student in (old, new))
        if not (mine.there and other.there):
            counts[name] = old if mine.there or not other.there else new
            continue
        counts[name] = keep or _later(mine, other, old, new, name)
        lines.append(f"{name}: what {counts[name]} handed in counts")
    given = _granted(course, old, new)
    _move(course, old, new, counts)
    listed = any(student.id == new for student in read_students(course.students))
    students.renamed(course.students, old, "" if listed else new)
    grants.renamed(course.extensions, old, "")
    shares.renamed(course.shares, old, new)
    if given:
        grants.keep(course.extensions, given)
    _write_anew(course)
    return lines


def _later(mine: HandIn, other: HandIn, old: str, new: str, name: str) -> str:
    if mine.came is None or other.came is None or mine.came == other.came:
        raise NotAmended(
            f"both have handed in {name}, and nobody knows which came last; say whose counts: "
            f"--keep {old}, or --keep {new}"
        )
    return old if mine.came > other.came else new


def _assignments(course: Course, student: str) -> list[str]:
    """The names of the assignments of which anything is kept of a student."""
    homes = [home for home in _homes(course, student) if home.is_dir() and not home.is_symlink()]
    names = {path.name for home in homes for path in home.iterdir() if path.is_dir()}
    names |= {path.parent.name for path in course.reports.glob(f"*/{glob.escape(student)}.json")}
    with contextlib.suppress(NoGradebook), course.gradebook() as gradebook:
        names |= {sub.assignment.name for sub in _submissions(gradebook, student)}
    return sorted(names)


def _submissions(gradebook: Gradebook, student: str) -> list[Any]:
    try:
        return list(gradebook.find_student(student).submissions)
    except MissingEntry:
        return []


def _handed_in(course: Course, name: str, student: str) -> HandIn:
    folder = course.notebook(name, student).parent
    there = folder.is_dir() and any(folder.iterdir())
    came = time_of(folder) if there else None
    with contextlib.suppress(NoGradebook), course.gradebook() as gradebook:
        for sub in _submissions(gradebook, student):
            if sub.assignment.name == name and sub.timestamp is not None:
                return HandIn(True, came or sub.timestamp.replace(tzinfo=UTC))
    return HandIn(there, came)


def _granted(course: Course, old: str, new: str) -> list[grants.Grant]:
    """Of what both were granted, what is better for the student."""
    every = [one for one in grants.all_grants(course.extensions) if one.student in (old, new)]
    last = {(one.assignment, one.student): one for one in every}
    chosen = []
    for name in sorted({one.assignment for one in every}):
        both = [last[name, who] for who in (new, old) if (name, who) in last]
        best = max(both, key=lambda one: (one.excused, one.seconds))
        if best.student == old:
            chosen.append(replace(best, student=new))
    return chosen


def _move(course: Course, old: str, new: str, counts: dict[str, str]) -> None:
    """Make one student's what is another's, unless the other's own counts."""
    names = _assignments(course, old)
    with contextlib.suppress(NoGradebook), course.gradebook() as gradebook:
        _move_entries(gradebook, old, new, counts)
    for name in names:
        if counts.get(name, old) == new:
            _set_aside(course, name, old, new)
            continue
        for home, target in zip(_homes(course, old), _homes(course, new), strict=True):
            if not os.path.lexists(home / name):
                continue
            if home.parent == course.submitted:
                _set_aside(course, name, new, new)
            if os.path.lexists(target / name) and home.parent != course.submitted:
                delete(target / name)
            _put(home / name, target / name)
        _move_report(course, name, old, new)
    for home, target in zip(_homes(course, old), _homes(course, new), strict=True):
        if not os.path.lexists(home):
            continue
        if home.parent == course.submitted and home.is_dir() and not home.is_symlink():
            for path in sorted(home.iterdir()):  # beside the assignments' folders
                _put(path, target / path.name)
        delete(home)
    for earlier in course.reports.glob(f"*/{EARLIER}/{glob.escape(old)}"):
        _put(earlier, earlier.with_name(new))


def _put(source: Path, target: Path) -> None:
    """Move a file or folder; into a folder that is there, file by file, over none of its files."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(target):
        source.rename(target)
        return
    if source.is_dir() and target.is_dir() and not source.is_symlink():
        for path in sorted(source.iterdir()):
            _put(path, target / path.name)
        source.rmdir()
        return
    source.rename(free_name(target))


def _set_aside(course: Course, name: str, student: str, new: str) -> None:
    """Keep a notebook that does not count, beside the one that does; its stamp and secret go."""
    source = course.notebook(name, student)
    target = course.notebook(name, new)
    if os.path.lexists(source):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(free_name(target))
    if student == new:
        for other in (STAMP, SECRET):
            (source.parent / other).unlink(missing_ok=True)
        return
    for path in (source.parent, course.graded(name, student), course.page(name, student).parent):
        if os.path.lexists(path):
            delete(path)
    course.report(name, student).unlink(missing_ok=True)


def _move_report(course: Course, name: str, old: str, new: str) -> None:
    source = course.report(name, old)
    if not source.is_file():
        return
    with contextlib.suppress(ValueError):  # what is no report is graded again
        report = Report.from_json(source.read_text(encoding="utf-8"))
        write_whole(course.report(name, new), replace(report, student=new).to_json())
    source.unlink()


def _move_entries(gradebook: Gradebook, old: str, new: str, counts: dict[str, str]) -> None:
    """The gradebook's part: marks, comments, time and extension of each submission."""
    try:
        before = gradebook.find_student(old)
    except MissingEntry:
        return
    said = {key: getattr(before, key) for key in FIELDS.values()}
    try:
        after = gradebook.find_student(new)
        for key, value in said.items():
            setattr(after, key, getattr(after, key) or value)
    except MissingEntry:
        after = gradebook.add_student(new, **said)
    own = {sub.assignment.name: sub for sub in after.submissions}
    for submission in _submissions(gradebook, old):
        name = submission.assignment.name
        there = own.get(name)
        longest = max(
            (sub.extension for sub in (submission, there) if sub is not None and sub.extension),
            default=None,
        )
        if there is not None and counts.get(name, old) == new:
            there.extension = longest
            gradebook.remove_submission(name, old)
            continue
        if there is not None:
            gradebook.remove_submission(name, new)
        submission.student = after
        submission.extension = longest
    gradebook.db.flush()
    gradebook.db.expire(before)
    gradebook.db.delete(before)
    gradebook.db.commit()
