"""How much of the judge one notebook may have: what is taken of it, and for how long.

What is taken is counted in characters, bytes and pixels, so that it is the same on every machine.
The deadline is for what nobody has thought of.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType

from autograder.errors import Unreadable

READING_SECONDS = 30.0  # of processor time; the largest notebook that is taken needs a third
AGAIN = 0.5  # seconds; whatever catches the end of the time meets it again
MIB = 1024 * 1024


class Spent(BaseException):
    """The time is up. No `Exception`: a library that catches those must not catch this."""


@contextlib.contextmanager
def processor_limit(seconds: float) -> Iterator[None]:
    """Raise `Spent` in what is done inside once it has used so much of a processor.

    By the clock on the wall it may take as long as it will: what else the machine does is nobody's
    fault. Other threads than the main one hear no signal; there, it has no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = False

    def ring(number: int, frame: FrameType | None) -> None:
        if not over:
            raise Spent(f"computes for more than {seconds:g} seconds")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)
    try:
        yield
    finally:
        while not over:
            with contextlib.suppress(Spent):  # the time may be up at this very moment
                over = True
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def time_to_read() -> Iterator[None]:
    """The time in which a notebook must be read.

    Raises:
        Unreadable: it is up.
    """
    try:
        with processor_limit(READING_SECONDS):
            yield
    except Spent:
        raise Unreadable(
            f"reading it takes more than {READING_SECONDS:g} seconds of computing; take out what "
            "is not your work, and clear its outputs"
        ) from None


@dataclass
class Room:
    """What is still taken of a notebook: each of its cells is given some, until all is gone."""

    sources: int = 1_000_000  # characters; a long notebook that is solved has 70,000
    outputs: int = 1_000_000  # characters
    pictures: int = 20 * MIB  # bytes
    pixels: int = 60_000_000
    without: dict[str, None] = field(default_factory=dict)  # what was not taken, as words

    def source(self, text: str, most: int) -> str:
        """As much of a cell's source as there is room for."""
        kept = text[: min(most, self.sources)]
        self.sources -= len(kept)
        if len(kept) < min(len(text), most):
            self.lacks("your cells together are longer than what is read; the end of the last ones")
        elif len(kept) < len(text):
            self.lacks(f"a cell is longer than {most} characters; what follows in it")
        return kept

    def output(self, text: str, most: int) -> str:
        """As much of an output as there is room for."""
        kept = text[: min(most, self.outputs)]
        self.outputs -= len(kept)
        return kept

    def picture(self, size: int, pixels: int) -> bool:
        """Whether there is room for a picture."""
        if size > self.pictures or pixels > self.pixels:
            self.lacks("your pictures together are larger than what is shown; some of them")
            return False
        self.pictures -= size
        self.pixels -= pixels
        return True

    def lacks(self, what: str) -> None:
        """Note what is not taken."""
        self.without[what] = None
