"""Whose account handed in what lies in nbgrader's exchange.

A folder there is named for a student, and anybody may name one for another. Who made it is known
from the account that owns it, where every student has one on this machine.
"""

from __future__ import annotations

import pwd
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from autograder.course import Course
from autograder.desk.people.students import Student, read_students
from autograder.errors import CourseError

ASIDE = "handed in by the account of "  # and whose: a folder beside the notebook that is graded


class Accounts:
    """The accounts of the students who are known, by their ids, or what `students.csv` says."""

    def __init__(self, ids: Iterable[str], listed: Iterable[Student]) -> None:
        """Use these; an id goes before what another student's login is."""
        logins = {student.login: student.id for student in listed if student.login}
        self._students: Mapping[str, str] = {**logins, **{name: name for name in ids}}

    @classmethod
    def of(cls, course: Course) -> Accounts:
        """Those of a course's list and gradebook.

        Raises:
            OSError, SheetError: the list cannot be read.
        """
        listed = read_students(course.students)
        ids = {student.id for student in listed}
        with suppress(CourseError), course.gradebook() as gradebook:
            ids |= {student.id for student in gradebook.students}
        return cls(ids, listed)

    def other(self, folder: Path, claimed: str) -> str:
        """The student whose account owns a folder, if it is not the one who it claims; else ""."""
        try:
            account = pwd.getpwuid(folder.lstat().st_uid).pw_name
        except (KeyError, OSError):  # an account of no name; a folder that is gone
            return ""
        owner = self._students.get(account, "")
        return "" if claimed in (owner, account) else owner


def only_aside(names: Collection[str]) -> bool:
    """Whether nothing lies in a folder but what others handed in for its student."""
    return bool(names) and all(name.startswith(ASIDE) for name in names)
