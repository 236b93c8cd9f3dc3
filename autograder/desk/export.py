"""The grades as a file that a spreadsheet may open."""

from __future__ import annotations

import csv
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin

from autograder.assignment import TEST_PREFIX
from autograder.course import Course
from autograder.text import inert

from .roster import GRADED, RosterEntry, hand_ins

CSV_COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
    "status",
)


class SafeCsv(ExportPlugin):
    """nbgrader's CSV, quoted, and with nothing in it that a spreadsheet takes for a formula.

    Who has no mark has no score either: an empty field, and in the last column why.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Write one row for every student of every chosen assignment."""
        course = Course(self.parent.coursedir)
        names = [assignment.name for assignment in gradebook.assignments]
        students = {student.id: student for student in gradebook.students}
        with open(self.to or "grades.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, CSV_COLUMNS)
            writer.writeheader()
            for assignment in gradebook.assignments:
                if self.assignment and assignment.name not in self.assignment:
                    continue
                for hand_in in hand_ins(course, assignment.name, students, names):
                    if self.student and hand_in.student not in self.student:
                        continue
                    student = students.get(hand_in.student)
                    row = _csv_row(gradebook, assignment, hand_in, student)
                    writer.writerow({key: inert(value) for key, value in row.items()})


def _csv_row(
    gradebook: Gradebook, assignment: Any, hand_in: RosterEntry, student: Any
) -> dict[str, object]:
    row = {
        "assignment": assignment.name,
        "duedate": assignment.duedate,
        "student_id": hand_in.student,
        "last_name": student and student.last_name,
        "first_name": student and student.first_name,
        "email": student and student.email,
        "max_score": assignment.max_score,
        "status": hand_in.status,
    }
    try:
        submission = gradebook.find_submission(assignment.name, hand_in.student)
    except MissingEntry:
        return row
    row["timestamp"] = submission.timestamp
    if not is_graded(submission):
        return row
    penalty = submission.late_submission_penalty or 0.0
    row["raw_score"] = submission.score
    row["late_submission_penalty"] = penalty
    row["score"] = max(0.0, submission.score - penalty)
    row["status"] = f"{GRADED}, waits for a person" if submission.needs_manual_grade else GRADED
    return row


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
