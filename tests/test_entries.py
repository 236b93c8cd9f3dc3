"""However many are in the class, the gradebook is asked as often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.by_hand.hand import answers
from autograder.desk.grading.classroom import recorded
from autograder.desk.marks.marks import marks_of
from autograder.desk.plugins.made_of import page_sources

from .desks import course, gradebook_of_two, graded

__all__ = ["course", "gradebook_of_two"]


def marks(course: Course) -> object:
    """Everybody's marks, as `nbgrader export` reads them."""
    with course.gradebook() as gradebook:
        return list(marks_of(course, gradebook, "seq2seq"))


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(marks, id="marks"),
        pytest.param(lambda course: recorded(course, Assignment("seq2seq")), id="table"),
        pytest.param(lambda course: answers(course, Assignment("seq2seq")), id="written answers"),
        pytest.param(lambda course: page_sources(course, "seq2seq"), id="pages"),
    ],
)
def test_a_larger_class_costs_no_more_queries(
    course: Course, read: Callable[[Course], object]
) -> None:
    asked = []

    def ask(*arguments: Any) -> None:
        asked.append(arguments[2])

    def count() -> int:
        asked.clear()
        event.listen(Engine, "before_cursor_execute", ask)
        read(course)
        event.remove(Engine, "before_cursor_execute", ask)
        return len(asked)

    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment("seq2seq", duedate="2026-10-20 12:00:00 UTC")
    late = datetime(2026, 10, 21, 11)
    for number in range(2):
        graded(course, f"a{number}", came=late)
    read(course)  # penalties are written once
    few = count()
    for number in range(10):
        graded(course, f"b{number}", came=late)
    read(course)
    assert count() == few > 0
