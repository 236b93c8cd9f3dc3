"""What the judge said of a submission: read from its record, written below a notebook's checks."""

from __future__ import annotations

import nbformat
from nbformat import NotebookNode

from autograder.assignment import TEST_PREFIX
from autograder.course import Course
from autograder.notebook.lesson import grade_id
from autograder.report.record import Report
from autograder.report.render import task_html


def fill_test_cells(nb: NotebookNode, report: Report) -> None:
    """The number is what nbgrader scores by; the page is what the student reads."""
    cells = {grade_id(cell): cell for cell in nb.cells}
    findings: tuple[str, ...] = tuple(report.findings)
    for task in report.tasks:
        if task.by_hand:
            continue
        page = task_html(task, findings)
        findings = ()  # told once, above the first task
        cells[TEST_PREFIX + task.key].outputs = [
            nbformat.v4.new_output(
                "execute_result",
                {"text/plain": str(task.points), "text/html": page},
                execution_count=None,
            )
        ]


def stored_report(course: Course, assignment: str, student: str) -> Report | None:
    """The stored report of a student, None if there is none that can be read."""
    path = course.report(assignment, student)
    try:
        return Report.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
