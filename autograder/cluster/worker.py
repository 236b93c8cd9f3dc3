"""A Dask worker's part: it tries its own wall, says what it grades under, and hands orders on.

A worker that may grade offers a resource named by its conditions. The scheduler gives it only
orders that ask for just this resource; a worker under other conditions is never asked.
"""

from __future__ import annotations

import asyncio
import json
import queue
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from autograder.assignment import ROOT

from .order import Admission, Heard, Order, resource, seats_name

END_SECONDS = 10.0  # for a process that was told to end


class Seat:
    """A process that grades, from its worker's side."""

    def __init__(self, assignment: str, limits: Mapping[str, float]) -> None:
        """Start it, and have it try its wall."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.seat"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        try:
            told = self._asked({"assignment": assignment, "limits": dict(limits)})
            self.admission = Admission(**told)
        except (OSError, ValueError, TypeError):
            self.admission = Admission(refused="the process that should grade has ended")

    def ask(self, order: Order) -> Heard:
        """Have an order graded.

        Raises:
            OSError, ValueError, TypeError: the process has ended, or says what is no answer.
        """
        return Heard(**self._asked(json.loads(order.text)))

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process, at once."""
        self._process.kill()
        self._process.communicate(timeout=END_SECONDS)


class Seats(WorkerPlugin):
    """The seats of a worker for an assignment: as many as it has threads, started when needed."""

    idempotent = True  # else a second client would end what works for the first

    def __init__(self, assignment: str, limits: Mapping[str, float]) -> None:
        """Name what is to be graded; nothing starts before the worker has it."""
        self.name = seats_name(assignment, limits)
        self._assignment, self._limits = assignment, dict(limits)

    def setup(self, worker: Any) -> None:
        """Begin to try the wall; the worker serves meanwhile."""
        self.admission: Admission | None = None  # not known yet
        self._idle: queue.SimpleQueue[Seat] = queue.SimpleQueue()
        self._all: list[Seat] = []
        self._trying = asyncio.ensure_future(self._try(worker))

    async def _try(self, worker: Any) -> None:
        seat = await asyncio.to_thread(self._started)
        if not seat.admission.refused:
            self._idle.put(seat)
            offered = resource(seat.admission.conditions)
            await worker.set_resources(**{offered: worker.state.nthreads})
        self.admission = seat.admission

    def _started(self) -> Seat:
        seat = Seat(self._assignment, self._limits)
        self._all.append(seat)
        return seat

    def teardown(self, worker: Any) -> None:
        """End all processes."""
        self._trying.cancel()
        for seat in self._all:
            seat.close()

    def ask(self, order: Order) -> Heard:
        """Have an order graded by a seat that is idle; where there is none, one more starts."""
        try:
            seat = self._idle.get_nowait()
        except queue.Empty:
            seat = self._started()
        try:
            answer = seat.ask(order)
        except (OSError, ValueError, TypeError):  # it has ended, or says what is no answer
            seat.close()
            self._all.remove(seat)
            return Heard(error="the process that graded has ended", lost=True)
        self._idle.put(seat)
        return answer


def work(order: Order) -> dict[str, Any]:
    """Have an order graded, on a worker that was admitted.

    It raises nothing, since Dask would write what it was given into a log.
    """
    try:
        seats: Seats = get_worker().plugins[order.seats]
        return asdict(seats.ask(order))
    except Exception as error:
        return asdict(Heard(error=f"a worker failed: {type(error).__name__}", lost=True))


def admitted(seats: str, dask_worker: Any = None) -> dict[str, Any] | None:
    """What a worker has found about itself; None while it has not."""
    plugin = dask_worker.plugins.get(seats)
    return asdict(plugin.admission) if plugin and plugin.admission else None
