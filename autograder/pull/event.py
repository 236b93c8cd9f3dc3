"""A pull request: who opened it, what it holds and when it came, as the server tells it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.errors import EventError

MAX_EVENT = 8 * 1024 * 1024  # bytes
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# GitHub's and GitLab's names of accounts; programs that open requests end in [bot]
LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(\[bot\])?")


@dataclass(frozen=True)
class Request:
    """What is known of a pull request from the server, not from the student."""

    login: str
    head: str  # the revision to grade
    base: str = ""  # what it is compared with; "" in a repository that is the student's own
    number: int | None = None
    came: datetime | None = None  # None: no server has said when

    @property
    def ref(self) -> str:
        """Where the request's newest commit is found, "" if it has no number."""
        return f"refs/pull/{self.number}/head" if self.number is not None else ""


def read_event(path: Path) -> Request:
    """Read the event file of a pull request.

    The time is the server's: of the opening when it was just opened, else of its last change.

    Raises:
        EventError: it is none, or a field is missing or of another kind.
        OSError: the file cannot be read.
    """
    if path.stat().st_size > MAX_EVENT:
        raise EventError(f"{path} has more than {MAX_EVENT} bytes: no event of a pull request")
    try:
        event = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise EventError(f"{path} is not JSON: {error}") from error
    opened = isinstance(event, dict) and event.get("action") == "opened"
    number = _field(event, "pull_request.number", int)
    if isinstance(number, bool) or number < 1:
        raise EventError(f"pull_request.number: expected 1 or more, got {number}")
    return Request(
        login=login(_field(event, "pull_request.user.login", str)),
        head=_commit(event, "pull_request.head.sha"),
        base=_commit(event, "pull_request.base.sha"),
        number=number,
        came=time(_field(event, f"pull_request.{'created' if opened else 'updated'}_at", str)),
    )


def login(text: str) -> str:
    """An account's name.

    Raises:
        EventError: no account can be called so.
    """
    if not LOGIN.fullmatch(text):
        raise EventError(f"{text[:120]!r} is not the name of an account")
    return text


def time(text: str) -> datetime:
    """A moment, in UTC.

    Raises:
        EventError: it is none, or names no time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise EventError(
            f"{text[:60]!r} is not a time such as 2026-11-30T18:00:00Z: {error}"
        ) from error


def _commit(event: Any, name: str) -> str:
    text: str = _field(event, name, str)
    if not COMMIT.fullmatch(text):
        raise EventError(f"{name}: expected the full name of a commit, got {text[:80]!r}")
    return text


def _field(event: Any, name: str, kind: type) -> Any:
    value = event
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, kind):
        raise EventError(
            f"{name}: expected {kind.__name__}, got {type(value).__name__}; is this the event of "
            "a pull request?"
        )
    return value
