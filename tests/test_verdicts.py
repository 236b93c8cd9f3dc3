"""An untouched stub, a crash and an endless loop are told apart, in every task, behind the wall."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator

import pytest

from autograder.assignment import Assignment
from autograder.judge.grade import grade
from autograder.notebook.repair import Submission, repair
from autograder.offering import Offering
from autograder.report.record import TaskReport
from autograder.wall.build import build
from autograder.wall.limits import Limits
from autograder.wall.wall import Wall
from checks.program import Cell
from checks.verdicts import Verdict

LESSON = Assignment("seq2seq")
SOLUTION = repair(LESSON.source, LESSON.source)
TASKS = [task.key for task in LESSON.graded_tasks]
BODIES = {
    "stub": 'raise NotImplementedError("not written yet")',
    "crash": "undefined_name",
    "loop": "while True: pass",
}


@pytest.fixture(scope="module")
def wall() -> Iterator[Wall]:
    """Quick to lose patience: honest calls take milliseconds."""
    with contextlib.closing(build("seq2seq", limits=Limits(call_seconds=2.0))) as wall:
        yield wall


def with_bodies(key: str, body: str) -> Submission:
    """The solution, in which every function of one task's cell has this body."""
    cells = []
    for cell in SOLUTION.cells:
        tree = ast.parse(cell.code)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                node.body = ast.parse(body).body
        code = ast.unparse(tree) if cell.label == key else cell.code
        cells.append(Cell(cell.label, code, cell.whole))
    return Submission(SOLUTION.notebook, tuple(cells), ())


def graded(wall: Wall, key: str, kind: str) -> TaskReport:
    """The report of one task."""
    report = grade(Offering(LESSON, "verdicts"), with_bodies(key, BODIES[kind]), wall, [key])
    (task,) = [task for task in report.tasks if task.key == key]
    return task


@pytest.mark.parametrize("key", TASKS)
@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("stub", Verdict.NOT_ATTEMPTED),
        ("crash", Verdict.CRASHED),
        ("loop", Verdict.TIMED_OUT),
    ],
)
def test_what_happened_is_told_by_its_name(
    wall: Wall, key: str, kind: str, verdict: Verdict
) -> None:
    task = graded(wall, key, kind)
    assert task.points == 0
    assert task.verdict is verdict
    assert task.first_to_fix is not None
    assert task.first_to_fix.verdict is verdict
