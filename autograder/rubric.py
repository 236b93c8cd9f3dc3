"""What a task's points are given for: the lines of its rubric, and what it is worth at most.

An assignment's `checks/<name>/rubric.toml` holds them, in a student's words. The points of a task,
in the lesson, in nbgrader and in every report, are the sum of its lines'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from .errors import AssignmentError, RecordError
from .records import MOST, read_toml, typed

FILE = "rubric.toml"
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Points = Annotated[float, msgspec.Meta(gt=0, le=MOST)]


@dataclass(frozen=True)
class Line:
    """A behaviour that a task teaches, and what it is worth."""

    key: str
    points: Points
    says: str


@dataclass(frozen=True)
class Limit:
    """The share of its points that a task is worth at most unless one of some checks holds.

    With a share of 0 these must have been wrong by themselves: what crashed may well do something.
    """

    share: Share
    unless: tuple[str, ...]  # names of checks of the task
    says: str


@dataclass(frozen=True)
class Rubric:
    """The rubric of one task."""

    line: tuple[Line, ...] = ()
    at_most: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        keys = [line.key for line in self.line]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"there are {keys.count(key)} lines {key!r}")

    @property
    def points(self) -> float:
        """What the task is worth."""
        return round(sum(line.points for line in self.line), 2)


NONE = Rubric()  # of a task that is marked by its checks' weights alone


def read_rubrics(text: str, file: str) -> dict[str, Rubric]:
    """The rubrics of an assignment, by task.

    Args:
        file: how its file is called in errors.

    Raises:
        AssignmentError: a field is missing or of another kind; which one.
    """
    try:
        return typed(read_toml(text), dict[str, Rubric])
    except RecordError as error:
        raise AssignmentError(f"{file}: {error}") from error
