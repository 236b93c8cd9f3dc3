"""How far a long piece of work has come, and how long the rest takes.

On a terminal a bar, above which other lines are printed whole; elsewhere a line now and then.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

LINES = 10  # at most, of a piece of work
RECENT = 50  # steps that a guess goes by; the first, which finds nothing ready, is none of them


class Steps:
    """Counts equal steps."""

    def __init__(self, what: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no step done.

        Args:
            what: the work, in a word or two.
            total: how many steps there are.
            clock: seconds, from any moment on.
        """
        self.what, self.total, self.done = what, total, 0
        self._clock = clock
        self._ends: deque[float] = deque(maxlen=RECENT + 1)  # of the last steps

    def step(self) -> str:
        """Count a step as done; what to say of it, in a line, is mostly nothing."""
        self.done += 1
        self.total = max(self.total, self.done)
        self._ends.append(self._clock())
        tenth, before = (done * LINES // self.total for done in (self.done, self.done - 1))
        if self.total < 2 or tenth == before:
            return ""
        return ", ".join(filter(None, (f"{self.what}: {self.done} of {self.total}", self.left)))

    @property
    def left(self) -> str:
        """How long the rest takes, in words; "" where nobody knows or nothing is left."""
        rest = self.total - self.done
        if len(self._ends) < 2 or rest < 1:
            return ""
        seconds = rest * (self._ends[-1] - self._ends[0]) / (len(self._ends) - 1)
        if seconds < 60:
            return "less than a minute left"
        minutes = round(seconds / 60)
        return f"about {minutes} min left" if minutes < 100 else f"about {minutes / 60:.0f} h left"


class Progress:
    """Shows steps; a context in which other lines are printed as ever.

    It is drawn anew when there is something new, by no thread of its own: the judge forks.
    """

    def __init__(self, steps: Steps, console: Console, *, lines: bool = True) -> None:
        """Show steps on a console, unless there is only one.

        Args:
            lines: whether to say them in lines where there is no terminal.
        """
        self._steps, self._console = steps, console
        self._lines = lines and not console.is_interactive
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            console=console,
            auto_refresh=False,
            disable=not console.is_interactive or steps.total < 2,
            redirect_stdout=sys.stdout.isatty(),  # what goes into a file goes there still
            redirect_stderr=sys.stderr.isatty(),
        )
        self._row = self._bar.add_task(steps.what, total=steps.total, left="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.update(self._row, description=self._steps.what)
        self._bar.stop()

    def now(self, name: str) -> None:
        """Name what is being worked on, beside the bar."""
        self._bar.update(self._row, description=f"{self._steps.what}: {name}", refresh=True)

    def step(self) -> None:
        """Count a step as done."""
        line = self._steps.step()
        self._bar.update(self._row, advance=1, left=self._steps.left, refresh=True)
        if line and self._lines:
            self.say(line)

    def say(self, line: str) -> None:
        """Print a line; on a terminal, above the bar."""
        self._console.print(line, soft_wrap=True)
