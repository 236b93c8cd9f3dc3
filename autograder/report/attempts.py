"""Graded attempts, kept by the grader: a line of JSON for each in a file of the instructor's."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.records import read_lines

NONE = "not an attempt"


@dataclass(frozen=True)
class Attempt:
    """One commit graded on one day."""

    assignment: str
    login: str
    day: str  # 2026-11-30, in the offering's time zone
    head: str


def attempts_before(file: Path, attempt: Attempt) -> int:
    """How many other commits of the same student were graded on the same day.

    Raises:
        RecordError: a line of the file is no attempt.
        OSError: the file is there and cannot be read.
    """
    if not file.exists():
        return 0
    heads = {
        known.head
        for known in read_lines(file, Attempt, NONE)
        if (known.assignment, known.login.lower(), known.day)
        == (attempt.assignment, attempt.login.lower(), attempt.day)
    }
    return len(heads - {attempt.head})


def keep(file: Path, attempt: Attempt) -> None:
    """Note an attempt.

    Raises:
        OSError: the file cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(attempt)) + "\n")
