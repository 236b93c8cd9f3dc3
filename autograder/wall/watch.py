"""Looks at a submission's processes at short intervals, whoever is speaking and whoever is not.

A verdict comes from what they did themselves: processor time, memory, and time in which none of
them wanted a processor. Time in which they were ready and others were let before them is nobody's
fault and counts against nobody.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import Enum, auto

from .launch import Worker
from .limits import Limits
from .processes import Usage

LOOK_SECONDS = 0.1  # between two looks; one costs a thousandth of that
IDLE = 4  # a submission may sleep so many times as long as it may compute


class Found(Enum):
    """Why a submission was ended."""

    MEMORY = auto()  # all its processes together hold too much
    PROCESSOR = auto()  # they have used more than a worker may in its life
    CALL = auto()  # they have used more than they may for one answer
    ASLEEP = auto()  # they waited for something other than a processor, for too long


@dataclass
class _Call:
    seconds: float  # of processor time that it may take
    before: float | None = None  # what had been used at the first look
    asleep: float = 0.0


class Watch:
    """Watches over one worker in a thread of its own, and ends it beyond a limit."""

    def __init__(self, worker: Worker, limits: Limits, may_sleep: float) -> None:
        """Begin to look.

        Args:
            may_sleep: seconds, in all calls together.
        """
        self.found: Found | None = None
        self.asleep = 0.0  # seconds, in all calls
        self.last = Usage()
        self._worker = worker
        self._limits = limits
        self._may_sleep = may_sleep
        self._call: _Call | None = None
        self._looked = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self._thread.start()

    def begin(self, seconds: float) -> None:
        """A question is asked, whose answer may take so many seconds of computing."""
        with self._lock:
            self._call = _Call(seconds)

    def end(self) -> None:
        """It is answered, or never will be."""
        with self._lock:
            self._call = None

    def look(self) -> None:
        """Look now, also at what has just ended, of which a control group still tells."""
        usage = self._worker.usage()
        with self._lock:
            if self.found is None:
                self.found = self._judged(usage, time.monotonic())
        if self.found is not None:
            self._worker.stop()

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.look()
            if self.found is not None:
                return

    def _judged(self, usage: Usage, now: float) -> Found | None:
        # a look that comes late has seen no more than one in time
        slept = (
            min(now - self._looked, 2 * LOOK_SECONDS) if usage.asleep and self.last.asleep else 0
        )
        self._looked, self.last = now, usage
        if usage.refused or usage.memory > self._limits.memory:
            return Found.MEMORY
        if usage.processor_seconds > self._limits.processor_seconds:
            return Found.PROCESSOR
        if self._call is None:
            return None
        if self._call.before is None:  # its time begins here: what came before was another's
            self._call.before = usage.processor_seconds
            return None
        self._call.asleep += slept
        self.asleep += slept
        if usage.processor_seconds - self._call.before > self._call.seconds:
            return Found.CALL
        if self._call.asleep > IDLE * self._call.seconds or self.asleep > self._may_sleep:
            return Found.ASLEEP
        return None
