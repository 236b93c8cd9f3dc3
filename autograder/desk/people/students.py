"""Who is in the class: `students.csv`, as one types it or as a learning platform exports it.

Columns are found by the names that Canvas, Moodle, Blackboard and Gradescope give them. Whoever is
listed is a student of the gradebook, and has a row in every table, whether anything came or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from autograder.errors import SheetError
from autograder.text import line

from .sheet import Sheet, plain

# of several in a file the first with something in it is taken; Canvas' own `ID` is a number that
# nothing outside of it knows, and stands last but for the address
IDS = (
    *("SIS Login ID", "Username", "User name", "Student ID", "ID number", "SID", "OrgDefinedId"),
    *("SIS User ID", "ID", "Email address", "Email", "E-mail"),
)
NAMES = {
    "first": ("First name", "FirstName", "First", "Given name"),
    "last": ("Last name", "LastName", "Last", "Surname", "Family name"),
    "email": ("Email address", "Email", "E-mail address", "E-mail", "Mail"),
    "section": ("Section", "Sections", "Section name"),
    "group": ("Group", "Groups", "Group name"),
    "login": ("Login", "GitHub login", "Account"),
}
WHOLE_NAMES = ("Student", "Full name", "Name", "Student name")
CANVAS = ("SIS Login ID", "SIS User ID")  # only its files have these
NOBODY = re.compile(r"\s*(Points Possible|Student, Test|Test Student)\s*")  # rows of Canvas'
NOTES = re.compile(r"\s*(Manual Posting.*|Muted|\(read only\))?\s*", re.IGNORECASE)
# a folder is named so, nbgrader takes it for a pattern, and its exchange parts names at a plus
NO_ID = re.compile(r"[\[\]*?/\\+\x00-\x1f\x7f\ud800-\udfff]|^\.")
LONGEST_ID = 128  # characters that the gradebook holds


@dataclass(frozen=True)
class Student:
    """A student of the list; what it does not say is empty."""

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    section: str = ""
    group: str = ""
    login: str = ""  # whose pull requests are this student's
    lms: str = ""  # what Canvas calls the student

    @property
    def name(self) -> str:
        """First and last name, or if there is none the id."""
        return f"{self.first} {self.last}".strip() or self.id


STUDENTS = "students.csv"  # in the course's folder
COLUMNS = tuple(field.name for field in fields(Student))


def read_students(file: Path, id_column: str = "") -> list[Student]:
    """The students of a list, in its order; nobody where there is no file.

    Args:
        id_column: the name of the column that says under which name they hand in.

    Raises:
        OSError: the file cannot be read, or is no text.
        SheetError: a row without an id, with one that cannot name a folder, or with one that stands
            in another row too; or there is no column of ids.
    """
    return students_of(Sheet.read(file), str(file), id_column) if file.is_file() else []


def students_of(sheet: Sheet, file: str, id_column: str = "") -> list[Student]:
    """The students of a table; see `read_students`."""
    ids = sheet.values(id_place(sheet, file, id_column))
    columns = {key: sheet.values(sheet.column(*names)) for key, names in NAMES.items()}
    whole = sheet.values(sheet.column(*WHOLE_NAMES))
    canvas = sheet.column(*CANVAS) is not None
    lms = sheet.values(sheet.column("ID") if canvas else sheet.column("lms"))
    known: dict[str, int] = {}
    students = []
    for place, row in enumerate(sheet.rows):
        if nobody(row):
            continue
        number, student = sheet.lines[place], ids[place]
        if not student:
            raise SheetError(f"{file}, line {number}: no id; give one, or name another column")
        if why := no_id(student):
            raise SheetError(f"{file}, line {number}: {line(student, 60)!r} cannot be an id: {why}")
        if student in known:
            raise SheetError(f"{file}, lines {known[student]} and {number}: {student!r} twice")
        known[student] = number
        said = {key: line(values[place]) for key, values in columns.items()}
        if not said["first"] and not said["last"]:
            said["first"], said["last"] = _parted(line(whole[place]))
        students.append(Student(id=student, lms=lms[place], **said))
    return students


def id_place(sheet: Sheet, file: str, id_column: str = "") -> int:
    """The column of ids of a list of students.

    Raises:
        SheetError: there is none.
    """
    names = (id_column,) if id_column else IDS
    places = (sheet.column(name) for name in names)
    for place in places:
        if place is not None and any(sheet.values(place)):
            return place
    wanted = repr(id_column) if id_column else "ids, such as id, SIS Login ID, Username, ID number"
    raise SheetError(
        f"{file}: no column of {wanted}; its columns: {', '.join(map(line, sheet.header))}"
    )


def no_id(name: str) -> str:
    """Why a name cannot be a student's id, "" if it can."""
    if bad := NO_ID.search(name):
        return f"it {'begins with' if bad[0] == '.' else 'holds'} {bad[0]!r}"
    return "" if len(name) <= LONGEST_ID else f"it has more than {LONGEST_ID} characters"


def nobody(row: tuple[str, ...]) -> bool:
    """Whether a row is no student's: Canvas has some that speak of the columns."""
    return bool(NOBODY.fullmatch(row[0])) or all(map(NOTES.fullmatch, row))


def _parted(name: str) -> tuple[str, str]:
    """First and last name of a whole one: `Lovelace, Ada` or `Ada Lovelace`."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return first, last


def write_students(file: Path, students: Iterable[Student]) -> None:
    """Write a list in columns of our own.

    Raises:
        OSError: it cannot be written.
    """
    rows = [astuple(student) for student in students]
    Sheet(COLUMNS, tuple(rows), ()).write(file)


def with_known(students: Iterable[Student], before: Iterable[Student]) -> list[Student]:
    """A new list, with what only an earlier one has said of the same students."""
    known = {student.id: student for student in before}
    return [
        replace(student, **dict(_missing(student, known[student.id])))
        if student.id in known
        else student
        for student in students
    ]


def _missing(student: Student, known: Student) -> Iterator[tuple[str, str]]:
    for column in COLUMNS:
        if not getattr(student, column):
            yield column, getattr(known, column)


def renamed(file: Path, student: str, name: str) -> bool:
    """Give a student of a list another id, or with "" take the row out; the file stays as it is.

    Returns:
        Whether the list has such a student.

    Raises:
        OSError: it cannot be read or written.
        SheetError: it is no list of students.
    """
    if not file.is_file():
        return False
    sheet = Sheet.read(file)
    place = id_place(sheet, str(file))
    rows = []
    for row in sheet.rows:
        if row[place].strip() != student or nobody(row):
            rows.append(row)
        elif name:
            rows.append((*row[:place], name, *row[place + 1 :]))
    if tuple(rows) == sheet.rows:
        return False
    sheet.with_rows(rows).write(file)
    return True


def in_section(students: Iterable[Student], name: str) -> list[str]:
    """The ids of those whose section or group has a name."""
    wanted = plain(name)
    return [s.id for s in students if wanted in (plain(s.section), plain(s.group))]
