"""What became of a pull request: the record beside the report. It holds no mark."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal

from autograder.records import Amount, Count, Percent, read_json

SCHEMA = "autograder-pull/1"
Status = Literal["graded", "not graded", "grader error"]
GRADED: Final = "graded"
NOT_GRADED: Final = "not graded"
GRADER_ERROR: Final = "grader error"
NEEDS_PERSON, LATE = "needs-person", "late"
LABELS = (NEEDS_PERSON, LATE)  # all that are ever asked for


@dataclass(frozen=True)
class Outcome:
    """What became of a request, and all that is known of it besides the report."""

    status: Status
    login: str = ""
    number: int | None = None
    assignment: str = ""
    path: str = ""
    head: str = ""
    base: str = ""
    replaced_by: str = ""  # the newest commit, if another one was pushed since
    author: str = ""  # what the commit says, and anyone can write
    committed: str = ""  # the same: a time that the committer's clock, or whim, has set
    came: str = ""  # the server's time; "" if no server has said
    due: str = ""
    late_seconds: Amount = 0.0
    penalty_percent: Percent = 0.0
    attempt: Count = 0  # of this day; 0 if attempts were not counted
    reveal: str = ""
    words: tuple[str, ...] = ()  # what the student is told besides the report
    labels: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The record as JSON text."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str) -> Outcome:
        """Read a record back.

        Raises:
            RecordError: not a record of this schema.
        """
        return read_json(text, Outcome, SCHEMA)


def stamp(moment: datetime | None) -> str:
    """A moment as text, "" for none."""
    return moment.isoformat().replace("+00:00", "Z") if moment else ""
