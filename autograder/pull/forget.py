"""Forgets the pull requests of an account: attempts that were counted, and what grading wrote."""

from __future__ import annotations

from pathlib import Path

from autograder.files import delete, read_typed, write_whole
from autograder.records import read_json
from autograder.report.attempts import Attempt

from .outcome import Outcome
from .pages.folder import OUTCOME, SHOWN

ATTEMPTS, GRADED = "attempts.jsonl", "graded"  # where the pages put them, in the course's folder


def forget(login: str, attempts: Path, graded: Path) -> bool:
    """Delete what is kept of an account's requests.

    Args:
        attempts: the file of attempts, if there is one.
        graded: the folder with what `pr` wrote, in it and below.

    Returns:
        Whether there was anything.

    Raises:
        OSError: something cannot be read or deleted.
        RecordError: a line of the file is no attempt.
    """
    found = False
    if attempts.is_file():
        lines = read_typed(attempts).splitlines()
        kept = [line for line in lines if not _same(read_json(line, Attempt).login, login)]
        if kept != lines:
            write_whole(attempts, "".join(f"{line}\n" for line in kept))
            found = True
    for record in sorted(graded.rglob(OUTCOME)):
        if record.parent.name != SHOWN and record.is_file():
            outcome = Outcome.from_json(record.read_text(encoding="utf-8"))
            if _same(outcome.login, login):
                delete(record.parent)
                found = True
    return found


def _same(left: str, right: str) -> bool:
    return left.lower() == right.lower()
