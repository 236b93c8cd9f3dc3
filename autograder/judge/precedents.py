"""A submission that answers a check as one before it did gets the same verdict, at once.

What a check finds depends on nothing but what the submission answers: its questions are drawn from
the salt, the reference and the oracles are fixed. So the judge keeps, by all that was answered so
far, the check's next question or its verdict. A check is first gone through on this record, and is
run only if an answer comes that is new at its place; it then hears the answers already given.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

import pytest

from autograder.errors import WorkerError
from autograder.wall.inside.wire import Message
from autograder.wall.session import request_of
from checks.plugin import Grading, check_name, task_of
from checks.verdicts import CheckResult, StudentFault, Verdict

MOST = 256 * 1024 * 1024  # bytes that a process keeps; the solution alone takes 5 MB
STEP = 300  # bytes of one step, apart from its question
HELD = 32 * 1024 * 1024  # bytes of answers that wait for a check to be run
FINDINGS = (Verdict.PASSED, Verdict.WRONG)  # others speak of a submission's lines and limits


@dataclass(frozen=True)
class Ending:
    """What a check found, and what it reported beside the mark."""

    result: CheckResult
    beside: tuple[tuple[str, object], ...]


class Precedents:
    """How the checks of one suite went on after every sequence of answers seen so far."""

    def __init__(self) -> None:
        self._steps: dict[bytes, Message | Ending] = {}
        self._questions: dict[bytes, Message] = {}  # each once, though many sequences lead to it
        self._size = 0

    def __len__(self) -> int:
        """How many sequences are known."""
        return len(self._steps)

    def begin_with(self, earlier: Precedents) -> None:
        """Know what another process has found, too."""
        self._steps |= earlier._steps
        self._questions |= earlier._questions
        self._size += earlier._size

    def after(self, place: bytes) -> Message | Ending | None:
        """The next question or the ending at a place, None if nobody came there."""
        return self._steps.get(place)

    def keep(self, check: str, exchanges: Iterable[tuple[Message, bytes]], ending: Ending) -> None:
        """Keep the questions of a check, and the names of the answers, up to its ending."""
        place = start(check)
        for asked, answer in exchanges:
            if self._size >= MOST:
                return
            self._size += STEP
            if (name := asked.digest()) not in self._questions:
                self._questions[name] = asked
                self._size += len(asked.text) + len(asked.blob)
            self._steps[place] = self._questions[name]
            place = further(place, answer)
        self._steps[place] = ending


def start(check: str) -> bytes:
    """The place where nothing has been answered yet."""
    return check.encode()


def further(place: bytes, answer: bytes) -> bytes:
    """The place that an answer, given by its digest, leads to."""
    return hashlib.sha256(place + answer).digest()


class Answering(Protocol):
    """Who answers for a submission: a `Session`."""

    def ask(self, request: Message) -> Message:
        """The answer, as it came."""

    def value(self, answer: Message) -> Any:
        """What an answer says."""


class Transcript:
    """One submission's answers to one check after another."""

    def __init__(self, session: Answering) -> None:
        self._session = session
        self._waiting: deque[tuple[Message, Message | StudentFault]] = deque()  # not yet told
        self._exchanges: list[tuple[Message, bytes]] = []  # what was told to the running check
        self._whole = True  # all of it values

    def replay(self, check: str, precedents: Precedents) -> Ending | None:
        """Begin a check: ask what it asked before, as far as the answers are known.

        Returns:
            How it ends, None if it must be run to find out.
        """
        self._waiting.clear()
        self._exchanges, self._whole = [], True
        place, held = start(check), 0
        while isinstance(step := precedents.after(place), Message) and held < HELD:
            try:
                answer = self._ask(step)
            except WorkerError:  # it is raised again where a check's errors are taken care of
                return None
            self._waiting.append((step, answer))
            if isinstance(answer, StudentFault):
                return None
            held += len(answer.text) + len(answer.blob)
            place = further(place, answer.digest())
        return step if isinstance(step, Ending) else None

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Answer the running check: with what was answered already, then ask the submission.

        Raises:
            StudentFault: as `Session.call`.
            RuntimeError: the check does not ask what it asked when it was run before.
        """
        asked = request_of(probe, inputs)
        known, answer = self._waiting.popleft() if self._waiting else (asked, self._ask(asked))
        if known != asked:
            raise RuntimeError("a check must ask the same whenever it hears the same")
        try:
            if isinstance(answer, StudentFault):
                raise answer
            self._exchanges.append((asked, answer.digest()))
            return self._session.value(answer)
        except StudentFault:
            self._whole = False
            raise

    def _ask(self, asked: Message) -> Message | StudentFault:
        try:
            return self._session.ask(asked)
        except StudentFault as fault:
            return fault

    def exchanges(self) -> list[tuple[Message, bytes]]:
        """What the running check asked, and the digests of the answers; none if it met a fault."""
        return self._exchanges if self._whole else []


class ByPrecedent:
    """The pytest plugin that runs just those checks whose verdict is not known."""

    def __init__(self, grading: Grading, transcript: Transcript, precedents: Precedents) -> None:
        self._grading = grading
        self._transcript = transcript
        self._precedents = precedents
        self._run = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Go through the checks; what is prepared for a file is kept until its last one."""
        for item, following in zip_longest(session.items, session.items[1:]):
            same_file = following is not None and following.parent is item.parent
            nextitem = following if same_file else None
            self._run = False
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            if self._run:
                self._keep(item)
            elif nextitem is None:
                item.config.hook.pytest_runtest_teardown(item=item, nextitem=None)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Settle a check; None has pytest run it."""
        check = check_name(item)
        if check not in self._grading.results:  # else it is not tried
            ending = self._transcript.replay(check, self._precedents)
            if ending is not None:
                self._grading.results[check] = ending.result
                self._grading.beside.setdefault(task_of(item), {}).update(ending.beside)
                return True
        self._run = True
        return None

    def _keep(self, item: pytest.Item) -> None:
        """Keep what a check that was run has found."""
        check = check_name(item)
        result = self._grading.results.get(check)
        if result is not None and result.verdict in FINDINGS and self._transcript.exchanges():
            ending = Ending(result, tuple(item.user_properties))
            self._precedents.keep(check, self._transcript.exchanges(), ending)
