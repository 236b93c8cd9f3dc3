"""What of a graded submission waits for a person: one rule, for whatever shows or exports marks.

A cell waits if nbgrader lists it for a person, be it that nobody has graded it or that it was
graded anew since, or if it has no points at all. Points that a person gave before count meanwhile,
as nbgrader counts them.
"""

from __future__ import annotations

from typing import Any


def waits(grade: Any) -> bool:
    """Whether a person has yet to grade a cell, of which this is nbgrader's record."""
    return has_none(grade) or bool(grade.needs_manual_grade)


def has_none(grade: Any) -> bool:
    """Whether a cell has no points yet, not even 0."""
    return grade.manual_score is None and grade.auto_score is None


def waiting(submission: Any) -> frozenset[str]:
    """The grade ids of a submission's cells that wait."""
    grades = (grade for notebook in submission.notebooks for grade in notebook.grades)
    return frozenset(grade.cell.name for grade in grades if waits(grade))
