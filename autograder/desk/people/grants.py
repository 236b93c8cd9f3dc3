"""What was granted to whom, and why: extensions and excuses, a line of JSON for each.

nbgrader's gradebook holds an extension's length, by which nbgrader itself dates a submission. Here
stand the reason and the day, and who is excused, of which nbgrader knows nothing. The last line of
a student and an assignment holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

from autograder.files import write_whole
from autograder.records import read_lines

EXTENSIONS = "extensions.jsonl"  # in the course's folder


@dataclass(frozen=True)
class Grant:
    """What one student was granted for one assignment."""

    assignment: str
    student: str
    seconds: float = 0.0  # after the due date; of no extension 0
    excused: bool = False
    why: str = ""
    given: str = ""  # when, in UTC
    section: str = ""  # if all of it were granted it

    @property
    def extension(self) -> timedelta:
        """How long after the due date it is due."""
        return timedelta(seconds=self.seconds)


def all_grants(file: Path) -> list[Grant]:
    """Every grant that was ever given, in that order.

    Raises:
        RecordError: a line of the file is none.
        OSError: the file is there and cannot be read.
    """
    return read_lines(file, Grant, "no grant") if file.is_file() else []


def grants_of(file: Path, assignment: str) -> Mapping[str, Grant]:
    """By student what holds for an assignment; see `all_grants`."""
    return {grant.student: grant for grant in all_grants(file) if grant.assignment == assignment}


def excused(file: Path, assignment: str) -> Mapping[str, str]:
    """Why each student who need not hand in need not; see `all_grants`."""
    grants = grants_of(file, assignment).values()
    return {grant.student: grant.why for grant in grants if grant.excused}


def keep(file: Path, grants: Iterable[Grant]) -> None:
    """Add grants to the file.

    Raises:
        OSError: it cannot be written.
    """
    with file.open("a", encoding="utf-8") as lines:
        for grant in grants:
            lines.write(json.dumps(asdict(grant), ensure_ascii=False) + "\n")


def renamed(file: Path, student: str, name: str) -> bool:
    """Put another id into the lines of a student, or with "" take these out.

    Returns:
        Whether there were any.

    Raises:
        RecordError, OSError: as `all_grants`.
    """
    before = all_grants(file)
    after = [
        replace(grant, student=name) if grant.student == student else grant
        for grant in before
        if name or grant.student != student
    ]
    if after == before:
        return False
    lines = (json.dumps(asdict(grant), ensure_ascii=False) + "\n" for grant in after)
    write_whole(file, "".join(lines))
    return True
