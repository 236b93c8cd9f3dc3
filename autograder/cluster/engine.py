"""Asks a cluster for marks. Every submission comes back once, whatever ends meanwhile.

Notebooks are read here, and what was graded before is not asked for. Of the others the cells that
make up the program travel, and nothing else of the notebook; results come back under their keys,
go where this machine's own results are, and reports are made of them as always.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from distributed import Future

from autograder.errors import ClusterError, RecordError
from autograder.judge.batch import TRIES, Engine, Graded, Grader
from autograder.judge.fingerprint import conditions
from autograder.judge.grade import result_keys
from autograder.judge.results import Brought, Result, Results
from autograder.notebook.reader import read_submission
from autograder.notebook.repair import Submission

from .line import Line, Lost
from .order import PREFIX, Heard, Order
from .place import Place, reached
from .worker import Seats

REST_SECONDS = 0.05  # between two questions whether something has come


@dataclass
class Asked:
    """A submission that workers are asked about."""

    notebook: Path
    submission: Submission
    keys: dict[str, str]  # of results that are missing, by task
    nonce: str  # "" where another who asks the same may share the answer
    tries: int = 0

    @property
    def name(self) -> str:
        """What logs and dashboards call it: nothing that says whose it is or what is in it."""
        parts = [self.keys, self.nonce, self.tries]
        return PREFIX + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def cluster_engine(place: Place) -> Engine:
    """The engine that is a cluster."""

    def grade_all(grader: Grader, notebooks: Iterable[Path]) -> Iterator[Graded]:
        return Batch(place, grader, notebooks).graded()

    return grade_all


class Batch:
    """Notebooks on their way through a cluster."""

    def __init__(self, place: Place, grader: Grader, notebooks: Iterable[Path]) -> None:
        """Take what is to be graded; nothing is read or asked yet."""
        self._place, self._grader = place, grader
        self._kept = grader.results or Results(None)
        self._nonce = "" if grader.results and grader.results.keeps else secrets.token_hex(8)
        self._limits = asdict(grader.wall.limits)
        self._seats = Seats(grader.offering.assignment.name, self._limits)
        self._unread, self._all_read = iter(notebooks), False
        self._waiting: deque[Asked] = deque()
        self._late: deque[Asked] = deque()  # asked again in the end, when no other is
        self._running: dict[Future, Asked] = {}
        self._refused: set[str] = set()

    def graded(self) -> Iterator[Graded]:
        """Grade all; they come as they are ready.

        Raises:
            ClusterError: nobody is left to ask; what has come is kept.
        """
        yield from self._read(1)
        if not self._waiting:
            return
        with reached(self._place) as there:
            found = conditions(self._grader.offering.assignment, self._grader.wall)
            patient = time.monotonic() + self._place.patience
            while not self._all_told:
                try:
                    with Line(there, self._seats, found, self._refused) as line:
                        line.wait(self._place.patience)
                        for one in self._through(line):
                            yield one
                            patient = time.monotonic() + self._place.patience
                except Lost as lost:
                    for asked in self._running.values():
                        asked.nonce = secrets.token_hex(8)  # not what nobody may answer any more
                        self._waiting.append(asked)
                    self._running.clear()
                    if time.monotonic() > patient:
                        raise ClusterError(
                            f"{there.address}: {lost}; what was graded is kept, and the next run "
                            "goes on from there"
                        ) from lost
                    print(f"waiting for the cluster: {lost}", file=sys.stderr)
                    time.sleep(REST_SECONDS)

    @property
    def _all_told(self) -> bool:
        """Whether nothing is left to be read, asked or heard."""
        return self._all_read and not (self._waiting or self._late or self._running)

    def _through(self, line: Line) -> Iterator[Graded]:
        """Grade what is left, as long as the line holds.

        Raises:
            Lost: it no longer does.
        """
        while True:
            room = line.look() - len(self._running)
            yield from self._read(room)
            if self._all_read and not self._waiting and not self._running:
                self._waiting, self._late = self._late, deque()
            if self._all_told:
                return
            while self._waiting and len(self._running) < line.look():
                asked = self._waiting[0]
                self._running[line.ask(asked.name, self._order(asked))] = asked
                self._waiting.popleft()
            silent = True
            for future, heard in line.told(list(self._running)):
                silent = False
                yield from self._heard(self._running.pop(future), heard)
            if silent:
                time.sleep(REST_SECONDS)

    def _read(self, room: int) -> Iterator[Graded]:
        """Read notebooks until so many wait; those whose results are kept are told at once."""
        while len(self._waiting) < room:
            notebook = next(self._unread, None)
            if notebook is None:
                self._all_read = True
                return
            try:
                submission = read_submission(notebook, self._grader.release)
                missing = self._missing(submission)
            except Exception:  # whatever it is: it is told as it always is
                yield self._grader.graded(notebook)
                continue
            if missing:
                self._waiting.append(Asked(notebook, submission, missing, self._nonce))
            else:
                yield self._grader.graded(notebook, submission)

    def _missing(self, submission: Submission) -> dict[str, str]:
        """The keys of the results that are not kept yet."""
        grader = self._grader
        keys = result_keys(grader.offering, submission.cells, grader.wall, grader.tasks)
        return {task: key for task, key in keys.items() if self._kept.get(key) is None}

    def _order(self, asked: Asked) -> Order:
        content = {
            "salt": self._grader.offering.salt,
            "cells": [asdict(cell) for cell in asked.submission.cells],
            "keys": asked.keys,
        }
        return Order(self._seats.name, json.dumps(content))

    def _heard(self, asked: Asked, heard: Heard) -> Iterator[Graded]:
        """What is told of a submission, unless it is asked for again."""
        asked.tries += 1
        if heard.lost and asked.tries < TRIES:
            self._waiting.append(asked)
        elif heard.undecided and asked.tries < TRIES:
            self._late.append(asked)
        elif heard.error:
            yield Graded(asked.notebook, None, heard.error, undecided=heard.undecided)
        else:
            yield self._brought(asked, heard)

    def _brought(self, asked: Asked, heard: Heard) -> Graded:
        """Keep results, and make the report of them."""
        results: dict[str, Result] = {}
        for key in asked.keys.values():
            with contextlib.suppress(KeyError, RecordError):
                results[key] = Result.read(heard.results[key])
        if len(results) < len(asked.keys):
            return Graded(asked.notebook, None, "a worker's results cannot be read")
        grader = replace(self._grader, results=Brought(results, self._kept))
        return grader.graded(asked.notebook, asked.submission)
