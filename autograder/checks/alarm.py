"""Breaks off code that computes too long, where the system has alarms for that."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

IDLE = 4  # code that mostly sleeps has so many times as long by the clock on the wall
AGAIN = 0.5  # seconds; whoever catches the alarm hears it again


class TooLong(BaseException):
    """Code computed for longer than it may. No `Exception`: student code may catch all of those."""


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Give what runs inside so many seconds of processor time.

    Nothing is broken off on systems without such alarms (Windows), outside the main thread, and
    while a single operation of a library runs.

    Raises:
        TooLong: the time was up.
    """
    clocks = [
        (getattr(signal, f"SIG{name}", None), getattr(signal, f"ITIMER_{clock}", None), limit)
        for name, clock, limit in (("PROF", "PROF", seconds), ("ALRM", "REAL", IDLE * seconds))
    ]

    def late(*_: object) -> None:
        raise TooLong(f"computes for more than {seconds:.2g} seconds")

    with contextlib.ExitStack() as stack:
        for number, timer, limit in clocks:
            if number is None or timer is None:
                continue
            try:
                before = signal.signal(number, late)
            except ValueError:  # not in the main thread
                continue
            stack.callback(signal.signal, number, before or signal.SIG_DFL)
            signal.setitimer(timer, limit, AGAIN)
            stack.callback(signal.setitimer, timer, 0)
        yield
