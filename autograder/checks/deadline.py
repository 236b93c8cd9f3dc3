"""A time limit for code that runs in this process, on every system."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTime(BaseException):
    """The time is up. No `Exception`: code that catches those must not catch this."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the code inside once the time is up, again and again if it is caught.

    Where there are no alarm signals (Windows), or this is not the main thread, a thread of its own
    raises it; then a single long call of a library is not cut short. Where there are no threads
    either (a browser), there is no limit.
    """
    alarms = hasattr(signal, "setitimer") and hasattr(signal, "SIGALRM")
    if alarms and threading.current_thread() is threading.main_thread():
        return (yield from _by_alarm(seconds))
    yield from _by_thread(seconds)


def _by_alarm(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)

    def stop() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    try:
        yield
    finally:
        _surely(stop)


def _by_thread(seconds: float) -> Iterator[None]:
    caller = ctypes.c_ulong(threading.get_ident())
    over, turn = threading.Event(), threading.Lock()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            with turn:
                if not over.is_set():
                    _raise_in(caller, ctypes.py_object(OutOfTime))
            wait = 1.0

    def stop() -> None:
        with turn:
            over.set()
            _raise_in(caller, None)  # one that came just now is for nobody

    watcher = threading.Thread(target=watch, name="time limit", daemon=True)
    try:
        watcher.start()
    except RuntimeError:  # no threads to be had
        yield
        return
    try:
        yield
    finally:
        _surely(stop)


def _surely(stop: Callable[[], None]) -> None:
    """Stop the clock, also when the time is up at this very moment."""
    while True:
        try:
            return stop()
        except OutOfTime:
            continue


def _raise_in(thread: ctypes.c_ulong, kind: object) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, kind)
