"""Who grades whose written answer: `shares.csv`, a row for each answer.

nbgrader keeps one mark an answer and knows of no graders. The first grader's mark is nbgrader's
own; of a sample that is graded twice, the second's stands here, where the first does not see it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from autograder.errors import NotAmended, SheetError

from .sheet import Sheet


@dataclass(frozen=True)
class Share:
    """One answer, and who grades it."""

    assignment: str
    student: str
    task: str
    grader: str
    second: str = ""  # who grades it again; "" for nobody
    second_points: float | None = None


COLUMNS = tuple(field.name for field in fields(Share))


def read_shares(file: Path) -> list[Share]:
    """Every share; none where there is no such file.

    Raises:
        SheetError: a column is missing, or a row is not in order; which, and why.
        OSError: it cannot be read.
    """
    if not file.is_file():
        return []
    sheet = Sheet.read(file)
    places = [sheet.column(name) for name in COLUMNS]
    missing = [name for name, place in zip(COLUMNS, places, strict=True) if place is None]
    if missing:
        raise SheetError(f"{file}: there is no column {missing[0]!r}")
    shares = []
    for row, number in zip(sheet.rows, sheet.lines, strict=True):
        cells = (row[place].strip() for place in places if place is not None)
        assignment, student, task, grader, second, points = cells
        try:
            given = float(points.replace(",", ".")) if points else None
        except ValueError:
            raise SheetError(
                f"{file}, line {number}: second_points: expected a number, got {points!r}"
            ) from None
        shares.append(Share(assignment, student, task, grader, second, given))
    return shares


def write_shares(file: Path, shares: Iterable[Share]) -> None:
    """Write them, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    rows = []
    for share in shares:
        *words, points = astuple(share)
        rows.append((*words, "" if points is None else f"{points:g}"))
    Sheet(COLUMNS, tuple(rows), ()).write(file)


def renamed(file: Path, student: str, name: str) -> bool:
    """Give a student's shares to another name, or to nobody: "" takes them out.

    Where the other has shares of the same answers, these stay.

    Returns:
        Whether there were any.
    """
    shares = read_shares(file)
    if all(share.student != student for share in shares):
        return False
    own = {(share.assignment, share.task) for share in shares if share.student == name}
    kept = []
    for share in shares:
        if share.student != student:
            kept.append(share)
        elif name and (share.assignment, share.task) not in own:
            kept.append(replace(share, student=name))
    write_shares(file, kept)
    return True


def dealt(
    shares: Sequence[Share],
    assignment: str,
    answers: Collection[tuple[str, str]],
    waiting: Collection[tuple[str, str]],
    graders: Sequence[str],
    twice: int = 0,
) -> list[Share]:
    """Deal out what is nobody's yet, so that all have about as many answers to grade.

    All of a student's answers go to one grader. The order is by chance, and the same each time.

    Args:
        answers: student and task, of all that came; what came no more is nobody's.
        waiting: those of them that nobody has graded; only these go from one grader to another.
        graders: by name; what waits for somebody else is dealt anew.
        twice: how many students shall be graded by a second grader, too.

    Raises:
        NotAmended: no grader, one name twice, or one grader for what is graded twice.
    """
    if not graders or any(not name.strip() for name in graders):
        raise NotAmended("name each grader with --grader")
    if len({*graders}) < len(graders):
        raise NotAmended("a grader is named twice")
    if twice and len(graders) < 2:
        raise NotAmended("what is graded twice needs two graders")
    others = [share for share in shares if share.assignment != assignment]
    known = {
        (share.student, share.task): share
        for share in shares
        if share.assignment == assignment and (share.student, share.task) in answers
    }
    load = Counter(dict.fromkeys(graders, 0))
    held: dict[str, str] = {}
    for (student, task), share in known.items():
        if share.grader in graders or (student, task) not in waiting:
            held[student] = share.grader
            load[share.grader] += 1
    students = sorted({student for student, _ in answers}, key=lambda one: _chance(assignment, one))
    tasks = {one: sorted(task for student, task in answers if student == one) for one in students}
    for student in students:
        grader = held.setdefault(student, min(graders, key=lambda name: load[name]))
        for task in tasks[student]:
            share = known.get((student, task), Share(assignment, student, task, ""))
            if share.grader != grader:
                load[grader] += 1
            known[student, task] = replace(share, grader=grader)
    _deal_twice(known, students, tasks, load, graders, twice)
    return [*others, *sorted(known.values(), key=lambda one: (one.student, one.task))]


def _deal_twice(
    known: dict[tuple[str, str], Share],
    students: Sequence[str],
    tasks: dict[str, list[str]],
    load: Counter[str],
    graders: Sequence[str],
    twice: int,
) -> None:
    again = {student for (student, _), share in known.items() if share.second}
    for student in sorted(students, key=lambda one: _chance("twice", one)):
        if len(again) >= twice:
            return
        if student in again:
            continue
        first = known[student, tasks[student][0]].grader
        second = min((one for one in graders if one != first), key=lambda name: load[name])
        for task in tasks[student]:
            known[student, task] = replace(known[student, task], second=second)
            load[second] += 1
        again.add(student)


def _chance(what: str, student: str) -> str:
    return hashlib.sha256(f"{what}\0{student}".encode()).hexdigest()
