"""A face for whatever runs the submission: call a probe, get plain values or a `StudentFault`."""

from __future__ import annotations

import builtins
import copy
import linecache
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, Protocol

from .crashes import help_for, takes_hint
from .deadline import OutOfTime
from .declared import typed
from .program import (
    IN_NOTEBOOK,
    LeftOut,
    Lesson,
    NotDefined,
    Trouble,
    cell_of,
    describe,
    why_missing,
)
from .values import TooLarge, plain
from .verdicts import StudentFault, Verdict

P = ParamSpec("P")


class Runner(Protocol):
    """Runs one probe on the submission."""

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Return the probe's plain value, or raise `StudentFault`."""


class Student:
    """What a test holds: `student.<probe>(name=value, ...)`.

    An answer that is not what the probe declares is a `StudentFault` (see `declared.py`).
    """

    def __init__(self, runner: Runner, probes: object) -> None:
        self._runner = runner
        self._probes = probes

    def __getattr__(self, probe: str) -> Callable[..., Any]:
        def call(**inputs: Any) -> Any:
            return typed(
                getattr(self._probes, probe, None), inputs, self._runner.call(probe, inputs)
            )

        return call


class Asked(Generic[P]):
    """`student.<probe>`, with the probe's own arguments, for an assignment's subclass of `Student`.

    Args:
        probe: takes the lesson first, which the runner supplies.
    """

    def __init__(self, probe: Callable[Concatenate[Any, P], object]) -> None:
        self._name = probe.__name__

    def __get__(self, student: Student, kind: type[Student]) -> Callable[P, Any]:
        return student.__getattr__(self._name)


class LocalRunner:
    """Runs probes in this process: for students' own checks and for the reference solution."""

    def __init__(self, lesson: Lesson, probes: Any) -> None:
        self._lesson = lesson
        self._probes = probes

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Run a probe on copies of the inputs, so that no call can spoil the next."""
        try:
            return plain(getattr(self._probes, probe)(self._lesson, **copy.deepcopy(inputs)))
        except TooLarge as error:
            raise StudentFault(Verdict.EXCEEDED_LIMIT, f"the value returned has {error}") from error
        except (KeyboardInterrupt, OutOfTime):
            raise
        except BaseException as error:  # of the student's making: SystemExit, pytest's own, ...
            raise fault(describe(error), source_line(error), self._lesson.left_out) from error


def source_line(error: BaseException) -> str:
    """The line of the student's cells at which an exception arose, "" if at none."""
    line = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if cell_of(file):
            line = linecache.getline(file, number or 0).strip()
    return line[:200]


def place(trouble: Trouble, source: str = "") -> str:
    """Where in the student's cells a trouble arose, with the line itself if it is known."""
    if not trouble.label:
        return ""
    cell = "your cell" if trouble.label == IN_NOTEBOOK else f"cell `{trouble.label}`"
    where = f"line {trouble.line} of {cell}"
    return f"{where} (`{source}`)" if source else where


def late(error: OutOfTime, seconds: float) -> StudentFault:
    """The fault of code that was stopped because it took too long."""
    where = place(describe(error), source_line(error))
    stopped = f"; it was stopped at {where}" if where else ""
    return StudentFault(
        Verdict.TIMED_OUT,
        f"no answer within {seconds:g} seconds{stopped}",
        help="does every loop end, whatever it is given?",
    )


def fault(trouble: Trouble, source: str = "", left_out: Sequence[LeftOut] = ()) -> StudentFault:
    """Turn a trouble in the student's code into the verdict and the words for it.

    Args:
        source: the line of code where it arose, to be shown beside a public check.
        left_out: what loading the notebook failed to make.
    """
    if trouble.type_name == NotDefined.__name__:
        return missing(trouble.message)
    if trouble.stub:
        return StudentFault(
            Verdict.NOT_ATTEMPTED,
            f"not written yet: {place(trouble)} still raises NotImplementedError",
        )
    known = hasattr(builtins, trouble.type_name)
    at = f" at {place(trouble)}" if trouble.label else ""
    exactly = f" at {place(trouble, source)}" if trouble.label else ""
    said = f": {trouble.message}" if trouble.message else ""
    why = why_missing(trouble, left_out)
    if why:
        return StudentFault(Verdict.CRASHED, f"your code raised {trouble.type_name}{at}: {why}")
    return StudentFault(
        Verdict.CRASHED,
        f"your code raised {trouble.type_name}{exactly}{said}",
        # names of exceptions are the student's to choose, and could spell out a hidden input
        private_rationale=f"your code raised {trouble.type_name if known else 'an exception'}{at}",
        help=help_for(trouble),
        takes_hint=takes_hint(trouble),
    )


def missing(name: str) -> StudentFault:
    """The fault of a notebook in which a name of the contract is not defined."""
    return StudentFault(
        Verdict.NOT_ATTEMPTED,
        f"`{name}` is not defined; was its cell deleted, renamed, or stopped by an error?",
    )
