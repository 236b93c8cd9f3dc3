"""A submission that answers a check as one before it did gets the same verdict, at once.

What a check finds depends on nothing but what the submission answers: its questions are drawn from
the salt, the reference and the oracles are fixed. So the judge keeps, by all that was answered so
far, the check's next question or its verdict. A check is first gone through on this record, and is
run only if an answer comes that is new at its place; it then hears the answers already given.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from .checks.plugin import Grading, check_name, task_of
from .checks.verdicts import CheckResult, StudentFault, Verdict
from .session import WorkerError, question
from .wire import Message

MOST = 100_000  # steps kept by a process, of about 200 bytes; a submission takes a few hundred
FINDINGS = (Verdict.PASSED, Verdict.WRONG)  # others speak of a submission's lines and limits


@dataclass(frozen=True)
class Ending:
    """What a check found, and what it reported beside the mark."""

    result: CheckResult
    beside: tuple[tuple[str, object], ...]


class Precedents:
    """How the checks of one suite went on after every course of answers seen so far."""

    def __init__(self) -> None:
        self._steps: dict[bytes, Message | Ending] = {}
        self._questions: dict[bytes, Message] = {}  # each once, though many courses lead to it

    def after(self, place: bytes) -> Message | Ending | None:
        """The next question or the ending at a place, None if nobody came there."""
        return self._steps.get(place)

    def keep(self, check: str, course: list[tuple[Message, Message]], ending: Ending) -> None:
        """Keep the questions and answers of a check from its start to its ending."""
        if len(self._steps) + len(course) >= MOST:
            return
        place = start(check)
        for asked, answer in course:
            self._steps[place] = self._questions.setdefault(asked.digest(), asked)
            place = further(place, answer)
        self._steps[place] = ending


def start(check: str) -> bytes:
    """The place where nothing has been answered yet."""
    return check.encode()


def further(place: bytes, answer: Message) -> bytes:
    """The place that an answer leads to."""
    return hashlib.sha256(place + answer.digest()).digest()


class Witness(Protocol):
    """Who answers for a submission: a `Session`."""

    def ask(self, request: Message) -> Message:
        """The answer, as it came."""

    def value(self, answer: Message) -> Any:
        """What an answer says."""


class Hearing:
    """One submission's answers to one check after another."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._course: list[tuple[Message, Message | StudentFault]] = []  # of the present check
        self._told = 0  # answers of it that the running check has got
        self._whole = True  # all of them values

    def recite(self, check: str, precedents: Precedents) -> Ending | None:
        """Begin a check: ask what it asked before, as far as the answers are known.

        Returns:
            How it ends, None if it must be run to find out.
        """
        self._course, self._told, self._whole = [], 0, True
        place = start(check)
        while isinstance(step := precedents.after(place), Message):
            try:
                answer = self._ask(step)
            except WorkerError:  # it is raised again where a check's errors are taken care of
                return None
            if isinstance(answer, StudentFault):
                return None
            place = further(place, answer)
        return step

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Answer the running check: with what was answered already, then ask the submission.

        Raises:
            StudentFault: as `Session.call`.
            RuntimeError: the check does not ask what it asked when it was run before.
        """
        asked = question(probe, inputs)
        if self._told == len(self._course):
            self._ask(asked)
        known, answer = self._course[self._told]
        if known != asked:
            raise RuntimeError("a check must ask the same whenever it hears the same")
        self._told += 1
        try:
            if isinstance(answer, StudentFault):
                raise answer
            return self._witness.value(answer)
        except StudentFault:
            self._whole = False
            raise

    def _ask(self, asked: Message) -> Message | StudentFault:
        answer: Message | StudentFault
        try:
            answer = self._witness.ask(asked)
        except StudentFault as fault:
            answer = fault
        self._course.append((asked, answer))
        return answer

    def course(self) -> list[tuple[Message, Message]]:
        """What the check has asked and heard; nothing if it met a fault."""
        if not self._whole:
            return []
        return [(asked, said) for asked, said in self._course if isinstance(said, Message)]


class ByPrecedent:
    """The pytest plugin that runs just those checks whose verdict is not known."""

    def __init__(self, grading: Grading, hearing: Hearing, precedents: Precedents) -> None:
        self._grading = grading
        self._hearing = hearing
        self._precedents = precedents

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the checks one by one; pytest prepares for the next one, which may not be run."""
        for item in session.items:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Settle a check; None has pytest run it."""
        check = check_name(item)
        if check in self._grading.results:  # it is not tried
            return None
        ending = self._hearing.recite(check, self._precedents)
        if ending is None:
            return None
        self._grading.results[check] = ending.result
        self._grading.beside.setdefault(task_of(item), {}).update(ending.beside)
        return True

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Keep what a check that was run has found."""
        check = check_name(item)
        result = self._grading.results.get(check)
        if result is None or result.verdict not in FINDINGS:
            return
        if course := self._hearing.course():
            beside = tuple(item.user_properties)
            self._precedents.keep(check, course, Ending(result, beside))
