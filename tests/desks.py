"""A course with a gradebook of two assignments, and marks put there without any judge."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.assignment import ROOT
from autograder.commands import programs_first
from autograder.course import CONFIG, Course
from autograder.desk.submissions.clock import FORMAT, STAMP
from autograder.judge.results import Results

from .pulls import report

NAMES = ("seq2seq", "warmup")
CELLS = {"test_encoder": 20.0, "test_greedy": 20.0, "translation": 10.0}


@pytest.fixture(scope="session")
def gradebook_of_two(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A gradebook that knows two assignments and no student."""
    folder = tmp_path_factory.mktemp("gradebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", programs_first())
        fill(f"sqlite:///{folder}/gradebook.db")
    return (folder / "gradebook.db").read_bytes()


def fill(database: str) -> None:
    """Make a gradebook that knows two assignments and no student."""
    with Gradebook(database, "deep-learning") as gradebook:
        for name in NAMES:
            gradebook.add_assignment(name)
            gradebook.add_notebook(name, name)
            for cell, points in CELLS.items():
                kind = "code" if cell.startswith("test_") else "markdown"
                gradebook.add_grade_cell(cell, name, name, max_score=points, cell_type=kind)
            gradebook.add_solution_cell("translation", name, name)


@pytest.fixture
def course(tmp_path: Path, gradebook_of_two: bytes, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course of nobody yet; commands without a course of their own use it."""
    monkeypatch.setenv("PATH", programs_first())
    shutil.copy(ROOT / CONFIG, tmp_path)
    (tmp_path / "gradebook.db").write_bytes(gradebook_of_two)
    (tmp_path / "submitted").mkdir()
    found = Course.at(tmp_path)
    monkeypatch.setattr(Course, "at", lambda *_: found)
    results = partial(Results, tmp_path / "build" / "results")
    monkeypatch.setattr("autograder.desk.changes.renaming.Results", results)
    return found


def enrolled(course: Course, *students: str) -> None:
    """Students who are known, and have handed in nothing."""
    with course.gradebook() as gradebook:
        for student in students:
            gradebook.update_or_create_student(student)


def graded(
    course: Course,
    student: str,
    *,
    name: str = "seq2seq",
    points: float = 16.0,
    by_hand: float | None = None,
    came: datetime | None = None,
) -> None:
    """A student's graded work, with everything that is kept of it; 16 + 20 of 40 by default.

    Args:
        points: for the task `encoder`; the other has 20.
        by_hand: for the written answer; None: it waits.
        came: when, in UTC; None: there is no time stamp.
    """
    with course.gradebook() as gradebook:
        gradebook.update_or_create_student(student)
        with gradebook.db.no_autoflush:
            gradebook.update_or_create_submission(name, student, timestamp=came)
        for cell, score in (("test_encoder", points), ("test_greedy", 20.0)):
            grade = gradebook.find_grade(cell, name, name, student)
            grade.auto_score, grade.needs_manual_grade = score, False
        grade = gradebook.find_grade("translation", name, name, student)
        grade.manual_score, grade.needs_manual_grade = by_hand, by_hand is None
        gradebook.db.commit()
    notebook = course.notebook(name, student)
    notebook.parent.mkdir(parents=True, exist_ok=True)
    notebook.write_text(f"the notebook of {student}")
    if came is not None:
        (notebook.parent / STAMP).write_text(came.strftime(FORMAT))
    for path in (course.graded(name, student) / notebook.name, course.page(name, student)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a page")
    course.report(name, student).parent.mkdir(parents=True, exist_ok=True)
    found = replace(report({"encoder": False}), student=student, assignment=name)
    course.report(name, student).write_text(found.to_json())


def left_of(course: Course, name: str) -> list[str]:
    """Where in a course's folder a name still stands: of a file, or in one."""
    found = []
    for path in sorted(course.root.rglob("*")):
        place = str(path.relative_to(course.root))
        if name in place or (path.is_file() and name.encode() in path.read_bytes()):
            found.append(place)
    return found
