"""Whatever comes back in place of a true answer is the submission's own failure, and pays nothing.

`make attacks` alters more answers: 2,000 a task.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
import torch
from torch import Tensor

from autograder.suites import probes_of
from checks.declared import As, Count, Like, Many, Shaped, answers, is_declared, typed
from checks.verdicts import StudentFault, Verdict

from .altered import ASSIGNMENT, tried

TASKS = [task.key for task in ASSIGNMENT.graded_tasks]
CASES = int(os.environ.get("ALTERED", "300"))  # a task


@pytest.mark.parametrize("task", TASKS)
def test_an_altered_answer_is_no_grader_error_and_earns_no_more(task: str) -> None:
    outcome = tried(task, CASES)
    assert outcome.errors == []
    assert outcome.gains == []
    assert outcome.cases >= CASES
    assert outcome.passed < outcome.cases / 4  # most of what is altered matters


def test_every_probe_declares_what_it_answers() -> None:
    probes = probes_of(ASSIGNMENT.name)
    assert [name for name in probes.__all__ if not is_declared(getattr(probes, name))] == []


class Seen(TypedDict):
    """What the probe below answers."""

    states: Annotated[Tensor, Shaped("n", "config.hidden", below=None)]
    ids: Annotated[Tensor, Shaped("n", whole=True, below="table.0")]
    flat: Annotated[Tensor, Shaped(..., whole=None, total=("n",))]
    words: Annotated[list[Literal["h", "c"]], Many("n")]
    slope: Annotated[Tensor, Like("table")] | None
    calls: Annotated[list[tuple[Count, bool]], As("times")]
    said: Any
    spare: NotRequired[dict[str, float]]


@answers(Seen)
def probe(lesson: Any, config: dict[str, int], table: Tensor, times: int = 2) -> None:
    """Stands for one."""


QUESTION = {"config": {"hidden": 3}, "table": torch.zeros(5, 2)}
ANSWER: dict[str, Any] = {
    "states": torch.zeros(4, 3),
    "ids": torch.tensor([0, 4, 1, 1]),
    "flat": torch.zeros(2, 2, dtype=torch.bool),
    "words": ["h", "c", "h", "h"],
    "slope": None,
    "calls": [(0, True), (7, False)],
    "said": {"whatever": [None]},
}


def test_an_answer_as_declared_is_taken_as_it_is() -> None:
    assert typed(probe, QUESTION, ANSWER) is ANSWER
    for more in ({"slope": torch.ones(5, 2)}, {"spare": {"x": 0.5}}, {"said": None}):
        assert typed(probe, QUESTION, {**ANSWER, **more}) == {**ANSWER, **more}


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("states", torch.zeros(4, 2)),
        ("states", torch.zeros(3, 3)),  # another n than what comes after
        ("states", torch.zeros(4, 3, 1)),
        ("states", torch.zeros(4, 3, dtype=torch.int64)),
        ("states", [[0.0] * 3] * 4),
        ("ids", torch.tensor([0, 5, 1, 1])),
        ("ids", torch.tensor([0, -1, 1, 1])),
        ("ids", torch.zeros(4)),
        ("flat", torch.zeros(5)),
        ("words", ["h", "c", "h"]),
        ("words", ["h", "c", "h", "other"]),
        ("words", ("h", "c", "h", "h")),
        ("slope", torch.zeros(5, 3)),
        ("slope", torch.zeros(5, 2, dtype=torch.float64)),
        ("calls", [(0, True)]),
        ("calls", [(0, True), (-1, True)]),
        ("calls", [(0, True), (True, True)]),
        ("calls", [(0, True), (0, True, True)]),
        ("calls", [[0, True], [0, True]]),
        ("spare", {"x": 1}),
        ("foreign", 1),
    ],
)
def test_anything_else_is_the_submissions_own_failure(part: str, other: Any) -> None:
    with pytest.raises(StudentFault, match="cannot be used") as caught:
        typed(probe, QUESTION, {**ANSWER, part: other})
    assert caught.value.verdict is Verdict.WRONG
    assert caught.value.help


@pytest.mark.parametrize("part", sorted(ANSWER))
def test_no_part_may_be_missing(part: str) -> None:
    with pytest.raises(StudentFault, match="lacks a part"):
        typed(probe, QUESTION, {name: value for name, value in ANSWER.items() if name != part})


def test_nothing_that_came_is_quoted() -> None:
    for other in ({"words": ["source 3 7 1"]}, {"source 3 7 1": 1}, {"ids": "source 3 7 1"}):
        with pytest.raises(StudentFault) as caught:
            typed(probe, QUESTION, {**ANSWER, **other})
        assert "3 7 1" not in f"{caught.value.rationale} {caught.value.private_rationale}"
