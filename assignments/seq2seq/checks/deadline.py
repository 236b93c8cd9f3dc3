"""A time limit for code that runs in this process, on every system."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

with suppress(ImportError):  # Windows and browsers have none, and no alarms either
    import resource

IDLE = 4  # code that mostly sleeps has so many times as long by the clock on the wall
AGAIN = 1.0  # seconds; whoever catches the end of the time meets it again


class OutOfTime(BaseException):
    """The time is up. No `Exception`: code that catches those must not catch this."""


@contextmanager
def time_limit(seconds: float, *, of_processor: bool = False) -> Iterator[None]:
    """Raise `OutOfTime` in the code inside once the time is up, again and again if it is caught.

    Where there are no alarm signals (Windows), or this is not the main thread, a thread of its own
    raises it; then a single long call of a library is not cut short. Where there are no threads
    either (a browser), there is no limit.

    Args:
        seconds: by the clock on the wall, or `of_processor`, and then `IDLE` times as many by it,
            not counting those in which others were let to the processor before this code.
    """
    by_the_clock = IDLE * seconds if of_processor else seconds
    alarms = hasattr(signal, "setitimer") and hasattr(signal, "SIGALRM")
    if alarms and threading.current_thread() is threading.main_thread():
        return (yield from _by_alarm(by_the_clock, seconds if of_processor else 0.0))
    yield from _by_thread(by_the_clock)


def _by_alarm(by_the_clock: float, of_processor: float) -> Iterator[None]:
    turns = [_turns() if of_processor else (0, 0)]  # at the last ring

    def ring(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGALRM and of_processor:
            turns.append(_turns())
            went, was_sent = (new - old for old, new in zip(turns.pop(0), turns[0], strict=True))
            if went == 0 or was_sent > went:
                return  # it computes, or waits for others that do; the alarm rings again
        raise OutOfTime(f"computes for more than {of_processor or by_the_clock:.2g} seconds")

    clocks = (
        (signal.SIGALRM, signal.ITIMER_REAL, by_the_clock),
        (signal.SIGPROF, signal.ITIMER_PROF, of_processor),  # 0 sets none
    )
    before = [signal.signal(number, ring) for number, *_ in clocks]
    for _, timer, limit in clocks:
        signal.setitimer(timer, limit, AGAIN)

    def stop() -> None:
        for _, timer, _ in clocks:
            signal.setitimer(timer, 0)
        for (number, *_), handler in zip(clocks, before, strict=True):
            signal.signal(number, handler)

    try:
        yield
    finally:
        _surely(stop)


def _turns() -> tuple[int, int]:
    """How often this process left a processor: of itself, and because others were to have it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_nvcsw, used.ru_nivcsw


def _by_thread(seconds: float) -> Iterator[None]:
    caller = ctypes.c_ulong(threading.get_ident())
    over, turn = threading.Event(), threading.Lock()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            with turn:
                if not over.is_set():
                    _raise_in(caller, ctypes.py_object(OutOfTime))
            wait = AGAIN

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
