"""A pull request: who opened it, what it holds and when it came, as the server tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from autograder.errors import EventError, RecordError
from autograder.records import read_json

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


@dataclass(frozen=True)
class Account:
    """Of an event: who opened the request."""

    login: str


@dataclass(frozen=True)
class Revision:
    """Of an event: a commit."""

    sha: str


@dataclass(frozen=True)
class PullRequest:
    """Of an event: the request as the server knows it."""

    number: Annotated[int, Meta(ge=1)]
    user: Account
    head: Revision
    base: Revision
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True)
class Event:
    """What is read of GitHub's event file; the rest of it is ignored."""

    pull_request: PullRequest
    action: str | None = None


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
        event = read_json(path.read_text(encoding="utf-8"), Event)
    except (RecordError, UnicodeDecodeError) as error:
        raise EventError(f"{path}: {error}; is this the event of a pull request?") from error
    pull = event.pull_request
    name = "created_at" if event.action == "opened" else "updated_at"
    came = pull.created_at if event.action == "opened" else pull.updated_at
    if came is None:
        raise EventError(f"{path}: pull_request.{name}: missing")
    return Request(
        login=login(pull.user.login),
        head=_commit(pull.head, "head"),
        base=_commit(pull.base, "base"),
        number=pull.number,
        came=time(came),
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


def _commit(revision: Revision, name: str) -> str:
    if not COMMIT.fullmatch(revision.sha):
        raise EventError(
            f"pull_request.{name}.sha: expected the full name of a commit, "
            f"got {revision.sha[:80]!r}"
        )
    return revision.sha
