"""Marks put into a file that Canvas, Moodle or Blackboard has exported, to be imported there.

Each of them knows students and columns by names of its own, which stand in what it exports: so its
own file is filled in, and written as it was. Columns that are not needed are left out, and a
student without a mark keeps what stood there: nothing changes there but marks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from autograder.desk.people.sheet import Sheet, plain
from autograder.desk.people.students import NOBODY, nobody
from autograder.errors import SheetError
from autograder.text import inert, line

from .marks import StudentMark

DECIMAL_COMMA = re.compile(r"\d+,\d{1,2}")
WORTH = re.compile(r"\[Total Pts: (?:up to )?([\d.,]+)[^\]]*\]")  # in Blackboard's own words
CALLED = {"ID": ("lms",), "Email address": ("email", "id")}  # other columns hold ids, or addresses
POINTS_POSSIBLE = "points possible"  # begins the row of Canvas' that says what columns are worth


@dataclass(frozen=True)
class System:
    """A learning platform's files of marks.

    Attributes:
        keys: columns that say whose a row is, the most certain first; one of them must be there.
        kept: columns that are written with them.
        columns: patterns of the column of an assignment of this title.
        worth: the column that says the most that can be had.
        excused: what stands for a student who need not hand in, if there is something.
        new: whether it makes a column that it does not know.
        advice: how to get such a file.
    """

    keys: tuple[str, ...]
    kept: tuple[str, ...]
    columns: tuple[str, ...]
    advice: str
    worth: str = ""
    excused: str = ""
    new: bool = True


SYSTEMS = {
    "canvas": System(
        keys=("SIS Login ID", "SIS User ID", "ID"),
        kept=("Student", "LastName", "FirstName", "Integration ID", "Root Account", "Section"),
        columns=(r"{}(?: \(\d+\))?",),
        excused="EX",
        advice="Grades → Export → Export Entire Gradebook",
    ),
    "moodle": System(
        keys=("Username", "ID number", "Email address"),
        kept=(
            *("Identifier", "Full name", "First name", "Last name", "Surname", "Groups"),
            *("Maximum grade", "Grade can be changed", "Last modified (grade)"),
        ),
        columns=(r"(?:Assignment: ?)?{}(?: \(Real\))?", "Grade"),
        worth="Maximum grade",
        advice="the assignment → Download grading worksheet, or Grades → Export → Plain text file",
    ),
    "blackboard": System(
        keys=("Username", "Student ID"),
        kept=("Last Name", "First Name"),
        columns=(r"{} *\[Total Pts: [^\]]*\](?: *\|\d+)?",),
        new=False,
        advice="Grade Center → Work Offline → Download, with the assignment's column in it",
    ),
}


@dataclass(frozen=True)
class Filled:
    """A file to be imported, and what to say about it."""

    sheet: Sheet
    written: int = 0
    lost: list[str] = field(default_factory=list)  # who has a mark that is not in it
    unknown: list[str] = field(default_factory=list)  # whose row is nobody's here


def filled(
    system: System,
    sheet: Sheet,
    marks: Sequence[StudentMark],
    title: str,
    *,
    scaled: bool = False,
    partial: bool = False,
) -> Filled:
    """Put marks into what a system has exported.

    Args:
        title: of the assignment there, or its column's whole name.
        scaled: let marks be shares of what the column is worth there, if that is something else.
        partial: put marks in that wait for a person, as far as they go.

    Raises:
        SheetError: it is no file of this system's, it has no such column, or the assignment is
            worth something else there.
    """
    keys = [(key, place) for key in system.keys if (place := sheet.column(key)) is not None]
    if not keys:
        raise SheetError(f"it has none of the columns {', '.join(system.keys)}: {system.advice}")
    target = _target(system, sheet, title)
    most = max((mark.max_score for mark in marks), default=0.0)
    worth = _worth(system, sheet, target)
    if worth is not None and most not in (0.0, worth) and not scaled:
        raise SheetError(
            f"{line(title)} is worth {worth:g} there and {most:g} here; change one of them, or add "
            "--scaled"
        )
    factor = worth / most if worth and most else 1.0
    kept = {place for name in system.kept if (place := sheet.column(name)) is not None}
    places = sorted(kept.union(place for _, place in keys) - {target})
    comma = _decimal_comma(sheet, [p for p in places if not _is_worth(system, sheet, p)])
    known = _Known(marks)
    rows, lost, unknown, done = [], [], [], dict[str, int]()
    for row, number in zip(sheet.rows, sheet.lines, strict=True):
        before = row[target] if target is not None else ""
        if nobody(row):
            if NOBODY.fullmatch(row[0]) and not _says_worth(row):
                continue  # Canvas' own test student
            if _says_worth(row):
                before = before or _number(most, comma)
            cells = _safe([*(row[place] for place in places), before])
            rows += [cells] * any(cells)
            continue
        mark = known.whose({key: row[place].strip() for key, place in keys})
        if mark is None:
            unknown.append(f"line {number}")
        elif done.setdefault(mark.student.id, number) != number:
            raise SheetError(
                f"lines {done[mark.student.id]} and {number} are both {mark.student.id}'s"
            )
        else:
            before = _cell(system, mark, before, factor, comma, partial)
        rows.append(_safe([*(row[place] for place in places), before]))
    for mark in marks:
        if mark.student.id not in done and mark.score is not None:
            lost.append(mark.student.id)
    head = sheet.header[target] if target is not None else title
    header = _safe([*(sheet.header[place] for place in places), head])
    written = sum(1 for m in marks if m.student.id in done and _has(m, partial))
    result = Sheet(header, tuple(rows), (), sheet.delimiter, sheet.encoding, sheet.quoted)
    return Filled(result, written, lost, unknown)


def _has(mark: StudentMark, partial: bool) -> bool:
    return (mark.score if partial else mark.final) is not None


def _target(system: System, sheet: Sheet, title: str) -> int | None:
    """The column of an assignment; None for a new one."""
    whole = [place for place, name in enumerate(sheet.header) if plain(name) == plain(title)]
    for pattern in system.columns:
        found = re.compile(pattern.format(re.escape(title)), re.IGNORECASE)
        whole += [place for place, name in enumerate(sheet.header) if found.fullmatch(name.strip())]
        if whole:
            break
    if len(set(whole)) > 1:
        names = ", ".join(repr(line(sheet.header[place])) for place in sorted(set(whole)))
        raise SheetError(f"which column? --column with one of {names}")
    if whole:
        return whole[0]
    if system.new:
        return None
    known = ", ".join(repr(line(name)) for name in sheet.header if WORTH.search(name)) or "none"
    raise SheetError(f"it has no column {title!r}; make one there first, or --column: {known}")


def _worth(system: System, sheet: Sheet, target: int | None) -> float | None:
    """What the column is worth in the system, None if the file does not say."""
    if target is None:
        return None
    said = [WORTH.search(sheet.header[target])]
    texts = [found[1] for found in said if found]
    if system.worth and plain(sheet.header[target]) == "grade":
        texts += sheet.values(sheet.column(system.worth))
    texts += [row[target] for row in sheet.rows if _says_worth(row)]
    numbers = (re.fullmatch(r"\d+(?:[.,]\d+)?", text.strip()) for text in texts)
    return next((float(number[0].replace(",", ".")) for number in numbers if number), None)


def _says_worth(row: Sequence[str]) -> bool:
    return plain(row[0]).startswith(POINTS_POSSIBLE)


def _is_worth(system: System, sheet: Sheet, place: int) -> bool:
    return bool(system.worth) and plain(sheet.header[place]) == plain(system.worth)


def _decimal_comma(sheet: Sheet, but: Sequence[int]) -> bool:
    """Whether numbers have a comma before their decimals, as where semicolons part cells."""
    places = [place for place in range(len(sheet.header)) if place not in but]
    cells = (row[place].strip() for row in sheet.rows for place in places)
    return sheet.delimiter == ";" or any(map(DECIMAL_COMMA.fullmatch, cells))


class _Known:
    """Marks by what a system may call their students; what two are called is nobody's name."""

    def __init__(self, marks: Sequence[StudentMark]) -> None:
        self._by: dict[str, dict[str, StudentMark | None]] = {}
        for attribute in ("id", "email", "lms"):
            named = self._by[attribute] = dict[str, StudentMark | None]()
            for mark in marks:
                name = getattr(mark.student, attribute).casefold()
                named[name] = None if name in named else mark

    def whose(self, names: Mapping[str, str]) -> StudentMark | None:
        """Of whom a row speaks; its names by column, the most certain first."""
        for column, name in names.items():
            if not name or _safe([name]) != (name,):  # what must be changed is no name any more
                continue
            for attribute in CALLED.get(column, ("id", "email")):
                mark = self._by[attribute].get(name.casefold())
                if mark is not None:
                    return mark
        return None


def _cell(
    system: System, mark: StudentMark, before: str, factor: float, comma: bool, partial: bool
) -> str:
    if mark.excused:
        return system.excused or before
    score = mark.score if partial else mark.final
    return before if score is None else _number(score * factor, comma)


def _number(value: float, comma: bool) -> str:
    text = f"{round(value, 2):.15g}"
    return text.replace(".", ",") if comma else text


def _safe(cells: Sequence[str]) -> tuple[str, ...]:
    """Cells of which a spreadsheet evaluates none; a dash for nothing becomes nothing."""
    return tuple("" if cell.strip() == "-" else inert(cell.strip()) for cell in cells)
