"""Checks that were found unfair after the release: excused for everyone, or dropped.

Decisions are kept in a file of the course, a line of JSON each; of a check's the last one holds.

An excused check counts as passed, with what follows from it, for everyone who earns something in
the task without it: in its line and in every limit that names it, and mistakes that were
recognised in it alone cost nothing. A dropped one counts for nobody: its line's points rest on
the line's other checks, a line without others earns what the task's other lines earn, and a limit
that names no other check falls with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal

from autograder.files import write_whole
from autograder.records import read_lines
from checks.verdicts import CheckResult, Verdict

FILE = "excused.jsonl"  # in a course's folder
EXCUSED: Final = "excused"
DROPPED: Final = "dropped"
COUNTS: Final = "counts"  # again, as it did before
How = Literal["excused", "dropped", "counts"]


@dataclass(frozen=True)
class Excuse:
    """A check that does not count as it did."""

    check: str  # "<task>/<name>", of all its parameters
    how: Literal["excused", "dropped"]
    why: str
    on: str  # the day of the decision, 2026-11-30

    def is_of(self, check: CheckResult) -> bool:
        """Whether it is about a check."""
        return check.check.partition("[")[0] == self.check

    @property
    def words(self) -> str:
        """What students read."""
        counts = "it counts as passed" if self.how == EXCUSED else "it counts for nobody"
        return f"{self.how} for everyone on {self.on}, {counts}: {self.why}"


@dataclass(frozen=True)
class Decision:
    """A line of the file."""

    assignment: str
    check: str
    how: How
    why: str
    on: str


def read_decisions(file: Path) -> list[Decision]:
    """All decisions, in their order; none where there is no file.

    Raises:
        RecordError: a line is none.
        OSError: the file is there and cannot be read.
    """
    return read_lines(file, Decision, "no decision") if file.is_file() else []


def excuses_of(decisions: Iterable[Decision], assignment: str) -> tuple[Excuse, ...]:
    """What holds of an assignment's checks now, by name."""
    holds = {
        decision.check: decision for decision in decisions if decision.assignment == assignment
    }
    return tuple(
        Excuse(one.check, one.how, one.why, one.on)
        for _, one in sorted(holds.items())
        if one.how != COUNTS
    )


def read_excuses(file: Path, assignment: str) -> tuple[Excuse, ...]:
    """What holds of an assignment's checks, from a file; see `read_decisions`."""
    return excuses_of(read_decisions(file), assignment)


def keep_decision(file: Path, decision: Decision) -> None:
    """Add a decision to a file; those before it stay.

    Raises:
        OSError: it cannot be written.
    """
    lines = [json.dumps(asdict(one), ensure_ascii=False) for one in read_decisions(file)]
    lines.append(json.dumps(asdict(decision), ensure_ascii=False))
    write_whole(file, "".join(f"{line}\n" for line in lines))


def excuse_of(check: CheckResult, excuses: Sequence[Excuse]) -> Excuse | None:
    """What was decided of a check, None if it counts."""
    return next((excuse for excuse in excuses if excuse.is_of(check)), None)


def as_decided(check: CheckResult, excuses: Sequence[Excuse]) -> CheckResult:
    """A check as it is shown: nothing of an excused or dropped one is left to fix."""
    excuse = excuse_of(check, excuses)
    if excuse is None:
        return check
    passed = replace(check, verdict=Verdict.PASSED, rationale=excuse.words, help="", guess=False)
    return replace(passed, faults=(), known=False, mended=False, follows="")
