"""The grades as a file that a spreadsheet may open."""

from __future__ import annotations

import csv

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin

from autograder.course import Course
from autograder.desk.submissions.lateness import settle, span
from autograder.text import inert

from .marks import StudentMark, marks_of, task_names

CSV_COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "section",
    "group",
    "extension",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)
STATUS = "status"  # the last one


class SafeCsv(ExportPlugin):
    """nbgrader's CSV, quoted, and with nothing in it that a spreadsheet takes for a formula.

    Each task has a column, with its points as they are shown elsewhere. Who has no mark has no
    score either: an empty field, and in the last column why.
    """

    def export(self, gradebook: Gradebook) -> None:
        """Write one row for every student of every chosen assignment."""
        course = Course(self.parent.coursedir)
        names = [assignment.name for assignment in gradebook.assignments]
        chosen = [name for name in names if not self.assignment or name in self.assignment]
        tasks: dict[str, None] = {}
        for name in chosen:
            settle(course, gradebook, name)
            tasks.update(dict.fromkeys(task_names(gradebook, name)))
        with open(self.to or "grades.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, (*CSV_COLUMNS, *map(_column, tasks), STATUS))
            writer.writeheader()
            for name in chosen:
                duedate = gradebook.find_assignment(name).duedate
                for mark in marks_of(course, gradebook, name, names):
                    if not self.student or mark.student.id in self.student:
                        row = {"assignment": name, "duedate": duedate, **_csv_row(mark)}
                        writer.writerow({key: inert(value) for key, value in row.items()})


def _column(task: str) -> str:
    """A task's column: no task's name is one of the others'."""
    return f"task: {task}"


def _csv_row(mark: StudentMark) -> dict[str, object]:
    student = mark.student
    return {
        "timestamp": mark.came,
        "student_id": student.id,
        "last_name": student.last,
        "first_name": student.first,
        "email": student.email,
        "section": student.section,
        "group": student.group,
        "extension": span(mark.extension) if mark.extension else None,
        "raw_score": mark.raw,
        "late_submission_penalty": None if mark.raw is None else mark.penalty,
        "score": mark.score,
        "max_score": mark.max_score,
        **{_column(task): points for task, points in mark.tasks.items()},
        STATUS: mark.status,
    }
