"""The marks of a class as the gradebook has them: a record a student, for whatever shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nbgrader.api import Gradebook

from autograder.assignment import TEST_PREFIX, Assignment
from autograder.course import Course
from autograder.desk.people.students import Student, read_students
from autograder.desk.submissions.entries import earned, entries
from autograder.desk.submissions.lateness import taken_off
from autograder.desk.submissions.roster import EXCUSED, GRADED, hand_ins
from autograder.desk.submissions.waiting import has_none, waiting
from autograder.errors import Failure

WAITS = f"{GRADED}, waits for a person"


@dataclass(frozen=True)
class StudentMark:
    """What one student has for one assignment; points with two places, as shown everywhere.

    Attributes:
        status: `graded`, `missing`, `excused`, or why there is no mark.
        tasks: points by task, None for one that waits for a person; empty where there is no mark.
        raw: their sum, None where there is no mark.
        penalty: for being late, taken off `raw`.
    """

    student: Student
    status: str
    max_score: float
    came: datetime | None = None  # in UTC, without saying so, as nbgrader has it
    extension: timedelta | None = None
    tasks: Mapping[str, float | None] = field(default_factory=dict)
    raw: float | None = None
    penalty: float = 0.0

    @property
    def score(self) -> float | None:
        """What counts, None where there is no mark."""
        return None if self.raw is None else round(max(0.0, self.raw - self.penalty), 2)

    @property
    def final(self) -> float | None:
        """What counts, None too where a person has yet to add to it."""
        return self.score if self.status == GRADED else None

    @property
    def excused(self) -> bool:
        """Whether the student need not hand in."""
        return self.status == EXCUSED


def marks_of(
    course: Course, gradebook: Gradebook, assignment: str, others: Collection[str] = ()
) -> Iterator[StudentMark]:
    """Everybody's marks, by name: of the gradebook, the list, and `submitted/`.

    Args:
        assignment: one that the gradebook knows.
        others: names of other assignments.
    """
    listed = {student.id: student for student in read_students(course.students)}
    students = {student.id: student for student in gradebook.students}
    submissions = {entry.student.id: entry for entry in entries(gradebook, assignment)}
    max_score = round(gradebook.find_assignment(assignment).max_score, 2)
    for row in hand_ins(course, assignment, {*students, *listed}, others):
        student = _student(row.student, listed.get(row.student), students.get(row.student))
        submission = submissions.get(row.student)
        if submission is None:
            yield StudentMark(student, row.status, max_score)
            continue
        came, extension = submission.timestamp, submission.extension
        if row.excused or not is_graded(submission):
            yield StudentMark(student, row.status, max_score, came, extension)
            continue
        yield StudentMark(
            student,
            WAITS if waiting(submission) else GRADED,
            max_score,
            came,
            extension,
            tasks=dict(_tasks(submission)),
            raw=round(sum(map(earned, submission.notebooks)), 2),
            penalty=round(taken_off(submission), 2),
        )


def _student(name: str, listed: Student | None, known: Any) -> Student:
    if listed is not None and (listed.first or listed.last or known is None):
        return listed
    if known is None:
        return Student(name)
    said = listed or Student(name)
    return Student(
        name,
        known.first_name or "",
        known.last_name or "",
        said.email or known.email or "",
        said.section,
        said.group,
        said.login,
        said.lms or known.lms_user_id or "",
    )


def _tasks(submission: Any) -> Iterator[tuple[str, float | None]]:
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            key = grade.cell.name.removeprefix(TEST_PREFIX)
            yield key, None if has_none(grade) else round(grade.score, 2)


def is_graded(submission: Any) -> bool:
    """Whether every cell that the judge grades has points in the gradebook.

    nbgrader makes a submission's entry before it grades it, and counts what is not there as zero.
    """
    return all(
        grade.auto_score is not None or grade.manual_score is not None
        for notebook in submission.notebooks
        for grade in notebook.grades
        if grade.cell.name.startswith(TEST_PREFIX)
    )


def task_names(gradebook: Gradebook, assignment: str) -> list[str]:
    """The tasks of an assignment that the gradebook knows, in the notebook's order."""
    books = gradebook.find_assignment(assignment).notebooks
    cells = {cell.name.removeprefix(TEST_PREFIX) for book in books for cell in book.grade_cells}
    try:
        order = [task.key for task in Assignment(assignment).tasks]
    except (Failure, OSError):  # its source is not here: the gradebook has cells without an order
        order = []
    return [*(key for key in order if key in cells), *sorted(cells - {*order})]
