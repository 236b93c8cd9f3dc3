"""The report of one submission: the one record from which every output is rendered.

`Report.to_json` writes the schema described in `docs/report.md`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from autograder.records import read_json
from autograder.rubric import NONE, Line, Rubric
from checks.verdicts import CheckResult, Verdict

from .excuse import Excuse, as_decided
from .mark import Mark, mark
from .schema import SCHEMA, WrittenLine, WrittenReport, WrittenTask


@dataclass(frozen=True)
class TaskReport:
    """What one task earned, line by line of its rubric and check by check."""

    key: str
    max_points: float
    checks: tuple[CheckResult, ...] = ()
    by_hand: bool = False
    rubric: Rubric = NONE
    excuses: tuple[Excuse, ...] = ()  # of its checks: what was decided after the release

    @cached_property
    def mark(self) -> Mark:
        """What it earned, line by line; of no meaning where a person grades the task."""
        return mark(self.max_points, self.checks, self.rubric, self.excuses)

    @cached_property
    def decided(self) -> tuple[CheckResult, ...]:
        """Its checks as they are shown, after what was decided of them."""
        return tuple(as_decided(check, self.excuses) for check in self.checks)

    @property
    def points(self) -> float | None:
        """Points earned; None while a person has yet to grade the task."""
        return None if self.by_hand else self.mark.points

    @property
    def verdict(self) -> Verdict:
        """The task's verdict in one word: of its checks' verdicts, the one most worth telling."""
        told = {check.verdict for check in self.decided} - {Verdict.SKIPPED}
        return next((verdict for verdict in Verdict if verdict in told), Verdict.PASSED)

    @property
    def first_to_fix(self) -> CheckResult | None:
        """The first check, in the suite's order, that did not pass."""
        return next((c for c in self.decided if c.verdict is not Verdict.PASSED), None)

    def written(self) -> WrittenTask:
        """The task's part of the report, as it is written."""
        return WrittenTask(
            task=self.key,
            points=self.points,
            max_points=self.max_points,
            verdict=None if self.by_hand else self.verdict,
            by_hand=self.by_hand,
            rubric=[
                WrittenLine(one.line.key, one.line.says, one.points, one.line.points, one.judged)
                for one in ([] if self.by_hand else self.mark.lines)
            ],
            at_most=list(self.rubric.at_most),
            checks=list(self.checks),
            excused=list(self.excuses),
        )

    @staticmethod
    def read(written: WrittenTask) -> TaskReport:
        """Read a task's part of a report back; points and verdict follow from the checks."""
        lines = tuple(
            Line(one.line, one.max_points, one.says) for one in written.rubric if one.line
        )
        rubric = Rubric(lines, tuple(written.at_most))
        checks = tuple(written.checks)
        excuses = tuple(written.excused)
        return TaskReport(
            written.task, written.max_points, checks, written.by_hand, rubric, excuses
        )


@dataclass(frozen=True)
class Report:
    """What one submission earned and why."""

    assignment: str
    tasks: tuple[TaskReport, ...]
    findings: Sequence[str] = ()  # what was odd about the notebook file
    wall: str = ""  # the level of protection the code ran under
    bound: str = ""  # what held its processes to their limits together
    suite: str = ""  # fingerprint of suites, engine and salt
    student: str = ""
    submission: str = ""  # digest of the submitted file
    beside: dict[str, Any] = field(default_factory=dict)  # reported beside the mark, e.g. BLEU

    @property
    def points(self) -> float:
        """The sum of what the suites graded."""
        return round(sum(task.points or 0.0 for task in self.tasks), 2)

    @property
    def max_points(self) -> float:
        """The most the suites could give; tasks graded by hand come on top."""
        return round(sum(task.max_points for task in self.tasks if not task.by_hand), 2)

    @property
    def first_to_fix(self) -> tuple[TaskReport, CheckResult] | None:
        """The first task with something to fix, and the check that says what."""
        for task in self.tasks:
            check = task.first_to_fix
            if check is not None:
                return task, check
        return None

    def about(self, *, student: str, submission: str, findings: Sequence[str]) -> Report:
        """The same report with whose it is, of which file, and what was found in it."""
        return replace(self, student=student, submission=submission, findings=tuple(findings))

    def excused(self, excuses: Sequence[Excuse]) -> Report:
        """The same report after what was decided of its checks; nothing else holds of them."""
        tasks = []
        for task in self.tasks:
            own = tuple(e for e in excuses if any(e.is_of(check) for check in task.checks))
            tasks.append(replace(task, excuses=own))
        return replace(self, tasks=tuple(tasks))

    def to_json(self) -> str:
        """The report as JSON text, keys in a fixed order."""
        written = WrittenReport(
            schema=SCHEMA,
            assignment=self.assignment,
            student=self.student,
            submission=self.submission,
            points=self.points,
            max_points=self.max_points,
            wall=self.wall,
            suite=self.suite,
            findings=list(self.findings),
            beside=self.beside,
            tasks=[task.written() for task in self.tasks],
            bound=self.bound,
        )
        return json.dumps(asdict(written), indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> Report:
        """Read a report back.

        Raises:
            RecordError: not a report of this schema.
        """
        written = read_json(text, WrittenReport, SCHEMA)
        return Report(
            assignment=written.assignment,
            tasks=tuple(TaskReport.read(task) for task in written.tasks),
            findings=written.findings,
            wall=written.wall,
            bound=written.bound,
            suite=written.suite,
            student=written.student,
            submission=written.submission,
            beside=written.beside,
        )
