"""Who waits for a person is said alike by marks, table, report, page and hand-back."""

from __future__ import annotations

import csv
from typing import NamedTuple

import pytest
from nbgrader.api import Gradebook

from autograder.__main__ import main
from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.by_hand.hand import answers
from autograder.desk.changes.extension import grant
from autograder.desk.grading.classroom import recorded
from autograder.desk.marks.marks import marks_of
from autograder.desk.pages.outputs import stored_report
from autograder.desk.plugins.made_of import page_sources
from autograder.desk.submissions.roster import hand_ins
from autograder.desk.submissions.table import ClassTable

from .desks import course, gradebook_of_two, graded
from .test_hand import release_feedback

__all__ = ["course", "gradebook_of_two"]

LESSON = Assignment("seq2seq")


class Cell(NamedTuple):
    """What the gradebook holds of a cell."""

    auto: float | None
    manual: float | None
    listed: bool  # for a person


GIVEN = Cell(None, 7.0, listed=False)
FULL = Cell(20.0, None, listed=False)
CASES = [  # the written answer, an automatically graded cell, who waits, points that stand
    pytest.param(Cell(None, None, listed=True), FULL, True, 40.0, id="nobody has graded it"),
    pytest.param(GIVEN, FULL, False, 47.0, id="somebody has"),
    pytest.param(GIVEN._replace(listed=True), FULL, True, 47.0, id="and it was graded anew since"),
    pytest.param(Cell(0.0, None, listed=False), FULL, False, 40.0, id="nothing was written"),
    pytest.param(Cell(None, None, listed=False), FULL, True, 40.0, id="lost from nbgrader's list"),
    pytest.param(GIVEN, Cell(20.0, 15.0, listed=False), False, 42.0, id="a cell changed by hand"),
    pytest.param(GIVEN, Cell(20.0, 15.0, listed=True), True, 42.0, id="which was graded anew"),
]


def put(gradebook: Gradebook, name: str, cell: Cell) -> None:
    """Put points of one cell into the gradebook."""
    grade = gradebook.find_grade(name, "seq2seq", "seq2seq", "ann")
    grade.auto_score, grade.manual_score, grade.needs_manual_grade = cell


def exported(course: Course) -> dict[str, str]:
    """The student's row of the letters."""
    assert main(["marks", "mail"]) == 0
    with (course.root / "build/marks/seq2seq-mail.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    return row


def printed(course: Course) -> str:
    """The table of the class: what it says of who is left to be graded by hand."""
    known = recorded(course, LESSON)
    rows = hand_ins(course, "seq2seq", known.students, known.assignments)
    reports = {row.student: stored_report(course, "seq2seq", row.student) for row in rows}
    parts = ClassTable(LESSON, course, known, rows, reports).parts()
    return " ".join(part for part in parts if isinstance(part, str))


@pytest.mark.parametrize(("answer", "code", "waits", "points"), CASES)
def test_all_places_agree(
    course: Course, answer: Cell, code: Cell, waits: bool, points: float
) -> None:
    graded(course, "ann", points=20.0)
    with course.gradebook() as gradebook:
        put(gradebook, "translation", answer)
        put(gradebook, "test_encoder", code)
        gradebook.db.commit()
    row = exported(course)
    assert row["status"] == ("graded, waits for a person" if waits else "graded")
    assert float(row["score"]) == points
    assert f"{1 if waits else 'none'} of 1 wait for a person" in printed(course)
    assert main(["report", "seq2seq"]) == 0
    assert ("by hand,,,waits,1" in (course.reports / "seq2seq/class.csv").read_text()) is waits
    assert bool(page_sources(course, "seq2seq")["ann"].waiting) is waits
    assert bool(list(release_feedback(course).iterdir())) is not waits
    (found,) = answers(course, LESSON)
    assert (found.points is None) is (waits and code == FULL)


def test_the_tasks_add_up_to_the_score(course: Course) -> None:
    """What a person gave before an answer was graded anew is among them."""
    graded(course, "ann", points=20.0)
    with course.gradebook() as gradebook:
        put(gradebook, "translation", GIVEN._replace(listed=True))
        gradebook.db.commit()
        (mark,) = marks_of(course, gradebook, "seq2seq")
    assert mark.tasks == {"encoder": 20.0, "greedy": 20.0, "translation": 7.0}
    assert mark.raw == 47.0


def test_an_extension_takes_no_answer_off_the_list_of_those_to_be_graded(course: Course) -> None:
    """Of work without a time stamp neither."""
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment("seq2seq", duedate="2026-10-20 12:00:00 UTC")
    graded(course, "ann")
    grant(course, "seq2seq", "ann", "2d", "ill")
    with course.gradebook() as gradebook:
        assert gradebook.find_submission("seq2seq", "ann").needs_manual_grade


def test_nobody_waits_for_the_answer_of_who_is_excused(course: Course) -> None:
    graded(course, "ann")
    grant(course, "seq2seq", "ann", "excused", "in hospital")
    assert "wait for a person" not in printed(course)
    assert answers(course, LESSON) == []
    assert main(["report", "seq2seq"]) == 0
    assert "by hand,,,waits,1" not in (course.reports / "seq2seq/class.csv").read_text()
    assert list(release_feedback(course).iterdir())
