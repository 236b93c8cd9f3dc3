"""The gradebook's entries of an assignment, read at once.

nbgrader reads what belongs to an entry when it is asked for, a query each: ten for every student.
"""

from __future__ import annotations

from typing import Any

from nbgrader.api import Assignment, Comment, Grade, Gradebook, SubmittedAssignment
from nbgrader.api import SubmittedNotebook as Notebook
from sqlalchemy.orm import selectinload


def entries(gradebook: Gradebook, assignment: str) -> list[Any]:
    """Everybody's entry, with grades, comments and student, in a few queries for all.

    It is what `Gradebook.assignment_submissions` returns.
    """
    notebooks = selectinload(SubmittedAssignment.notebooks)
    found: list[Any] = (
        gradebook.db.query(SubmittedAssignment)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment)
        .options(
            selectinload(SubmittedAssignment.student),
            notebooks.selectinload(Notebook.grades).selectinload(Grade.cell),
            notebooks.selectinload(Notebook.comments).selectinload(Comment.cell),
        )
        .all()
    )
    return found


def earned(notebook: Any) -> float:
    """The points of a notebook: its `score`, which would be a query of its own."""
    return float(sum(grade.score for grade in notebook.grades))
