"""The report as it is written: its types, and the JSON schema that follows from them.

`python -m autograder.report.schema > docs/report.schema.json` writes the schema anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from autograder.records import MOST, Amount
from autograder.rubric import Limit
from checks.verdicts import CheckResult, Verdict

from .excuse import Excuse

Schema = Literal["autograder-report/2"]
SCHEMA: Schema = "autograder-report/2"


@dataclass(frozen=True)
class WrittenLine:
    """What one line of a task's rubric earned."""

    line: str  # its key; empty where the task has no rubric and this is all of it
    says: str
    points: Amount
    max_points: Amount
    judged: bool


@dataclass(frozen=True)
class WrittenTask:
    """What one task earned."""

    task: str
    points: Amount | None  # None: graded by hand
    max_points: Amount
    verdict: Verdict | None
    by_hand: bool
    rubric: list[WrittenLine]
    at_most: list[Limit]
    checks: list[CheckResult]
    excused: list[Excuse] = field(default_factory=list)  # a list: as JSON has it

    def __post_init__(self) -> None:
        """Refuse what is no share of a task: students hold a check's type, and have no bounds."""
        for check in self.checks:
            if not 0 <= check.weight <= MOST:
                raise ValueError(f"{check.check}: weight {check.weight} is not 0 or more")
            for fault in check.faults:
                if not 0 <= fault.share <= 1:
                    raise ValueError(f"{check.check}: share {fault.share} is not from 0 to 1")


@dataclass(frozen=True)
class WrittenReport:
    """What one submission earned and why; what the fields mean is told in `docs/report.md`."""

    schema: Schema
    assignment: str
    student: str
    submission: str
    points: Amount
    max_points: Amount
    wall: str
    suite: str
    findings: list[str]
    beside: dict[str, Any]
    tasks: list[WrittenTask]
    bound: str = ""


def json_schema() -> str:
    """The JSON schema of a report, as text."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA}
    schema = msgspec.json.schema(WrittenReport)
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")
