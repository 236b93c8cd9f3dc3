"""What of a report may be shown: every output for students is rendered from this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.terms import Reveal
from checks.verdicts import CheckResult, Verdict

from .record import Report, TaskReport


@dataclass(frozen=True)
class TaskView:
    """One task as shown."""

    key: str
    points: float | None  # None: graded by hand
    max_points: float
    checks: tuple[CheckResult, ...] = ()

    @property
    def full(self) -> bool:
        """Whether nothing is missing."""
        return self.points == self.max_points


@dataclass(frozen=True)
class View:
    """A report as shown at one level; what the level holds back is not in it."""

    level: Reveal
    assignment: str
    points: float | None  # None: not shown
    max_points: float
    tasks: tuple[TaskView, ...] = ()
    findings: Sequence[str] = ()
    beside: dict[str, Any] = field(default_factory=dict)
    wall: str = ""

    @property
    def first_to_fix(self) -> tuple[TaskView, CheckResult] | None:
        """The first shown check that did not pass, and its task."""
        for task in self.tasks:
            for check in task.checks:
                if check.verdict is not Verdict.PASSED:
                    return task, check
        return None


def shown(report: Report, level: Reveal) -> View:
    """Keep what a level shows."""
    return View(
        level=level,
        assignment=report.assignment,
        points=report.points if level >= Reveal.TOTAL else None,
        max_points=report.max_points,
        tasks=tuple(_task(t, level) for t in report.tasks) if level >= Reveal.TASKS else (),
        findings=tuple(report.findings),
        beside=dict(report.beside) if level >= Reveal.MESSAGES else {},
        wall=report.wall,
    )


def _task(task: TaskReport, level: Reveal) -> TaskView:
    checks = task.checks
    if level < Reveal.CHECKS:
        checks = tuple(check for check in checks if check.public)
    elif level < Reveal.MESSAGES:
        checks = tuple(c if c.public else replace(c, rationale="", help="") for c in checks)
    return TaskView(task.key, task.points, task.max_points, checks)
