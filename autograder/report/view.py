"""What of a report may be shown: every output for students is rendered from this."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograder.terms import Reveal
from checks.verdicts import CheckResult, Verdict, looks, words

from .excuse import DROPPED, as_decided, excuse_of
from .mark import LineMark
from .record import Report, TaskReport


@dataclass(frozen=True)
class LineView:
    """One line of a task's rubric as shown."""

    says: str
    points: float
    max_points: float
    why: tuple[str, ...] = ()  # it lost points, a line of text each

    @property
    def full(self) -> bool:
        """Whether nothing is missing."""
        return self.points == self.max_points


@dataclass(frozen=True)
class TaskView:
    """One task as shown."""

    key: str
    points: float | None  # None: graded by hand
    max_points: float
    checks: tuple[CheckResult, ...] = ()
    lines: tuple[LineView, ...] = ()
    limit: str = ""  # why it earns less than its lines

    @property
    def full(self) -> bool:
        """Whether nothing is missing."""
        return self.points == self.max_points

    @property
    def told(self) -> list[CheckResult]:
        """The checks but those that fail for what others say."""
        return [check for check in self.checks if not _follows(check)]

    @property
    def following(self) -> list[CheckResult]:
        """The checks that fail for what others say."""
        return [check for check in self.checks if _follows(check)]


def _follows(check: CheckResult) -> bool:
    return bool(check.follows) and check.verdict is not Verdict.SKIPPED


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
        tasks=tuple(shown_task(t, level) for t in report.tasks) if level >= Reveal.TASKS else (),
        findings=tuple(report.findings),
        beside=dict(report.beside) if level >= Reveal.MESSAGES else {},
        wall=report.wall,
    )


def shown_task(task: TaskReport, level: Reveal = Reveal.MESSAGES) -> TaskView:
    """Keep what a level shows of a task."""
    checks = task.checks
    if level < Reveal.CHECKS:
        checks = tuple(check for check in checks if check.public)
    elif level < Reveal.MESSAGES:
        checks = tuple(c if c.public else replace(c, rationale="", help="") for c in checks)
    checks = tuple(as_decided(check, task.excuses) for check in checks)
    view = TaskView(task.key, task.points, task.max_points, checks)
    if task.by_hand or level < Reveal.CHECKS or not task.rubric.line:
        return view
    lines = tuple(
        LineView(
            one.line.says, one.points, one.line.points, tuple(dict.fromkeys(_why(task, one, level)))
        )
        for one in task.mark.lines
    )
    return replace(view, lines=lines, limit=_limit(task))


def _why(task: TaskReport, one: LineMark, level: Reveal) -> Iterator[str]:
    """Why a line lost points; a mistake is told once, on the line that it costs."""
    for loss in one.lost:
        told = loss.check.public or level >= Reveal.MESSAGES
        if loss.fault is None:
            yield loss.check.sentence
            yield from words(loss.check) if told else ()
        elif told:
            yield from (loss.fault.rationale, *looks(loss.fault.help))
        else:
            yield loss.check.sentence
    own = [check for check in task.checks if check.line == one.line.key]
    decided = [excuse_of(check, task.excuses) for check in own]
    if own and all(excuse is not None and excuse.how == DROPPED for excuse in decided):
        yield "all its checks were dropped: it earns what the other lines earn on average"
    elif not one.judged:
        yield (
            "could not be judged, since what is wrong elsewhere stands before it: it earns what "
            "the other lines earn on average"
        )


def _limit(task: TaskReport) -> str:
    """Why a task earns less than its lines together, "" if it does not."""
    if task.mark.by_rote:
        return "no hidden check holds, and public ones alone earn nothing"
    limit = task.mark.limit
    return f"{limit.says}: at most {limit.share:.0%} of the points" if limit else ""
