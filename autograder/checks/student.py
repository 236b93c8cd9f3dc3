"""A face for whatever runs the submission: call a probe, get plain values or a `StudentFault`."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .program import LeftOut, Lesson, NotDefined, Trouble, describe, why_missing
from .values import TooLarge, plain
from .verdicts import StudentFault, Verdict


class Runner(Protocol):
    """Runs one probe on the submission."""

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Return the probe's plain value, or raise `StudentFault`."""


class Student:
    """What a test holds: `student.<probe>(name=value, ...)`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def __getattr__(self, probe: str) -> Callable[..., Any]:
        def call(**inputs: Any) -> Any:
            return self._runner.call(probe, inputs)

        return call


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
        except (Exception, SystemExit) as error:
            raise fault(describe(error), self._lesson.left_out) from error


def fault(trouble: Trouble, left_out: Sequence[LeftOut] = ()) -> StudentFault:
    """Turn a trouble in the student's code into the verdict and the words for it.

    Args:
        left_out: what loading the notebook failed to make.
    """
    if trouble.type_name == NotDefined.__name__:
        return missing(trouble.message)
    if trouble.stub:
        return StudentFault(
            Verdict.NOT_ATTEMPTED,
            f"not written yet: line {trouble.line} of cell `{trouble.label}` still raises "
            "NotImplementedError",
        )
    where = f" at line {trouble.line} of cell `{trouble.label}`" if trouble.label else ""
    known = hasattr(builtins, trouble.type_name)
    shown = f"your code raised {trouble.type_name}{where}"
    why = why_missing(trouble, left_out)
    if why:
        return StudentFault(Verdict.CRASHED, f"{shown}: {why}")
    return StudentFault(
        Verdict.CRASHED,
        f"{shown}: {trouble.message}" if trouble.message else shown,
        # names of exceptions are the student's to choose, and could spell out a hidden input
        private_rationale=shown if known else f"your code raised an exception{where}",
    )


def missing(name: str) -> StudentFault:
    """The fault of a notebook in which a name of the contract is not defined."""
    return StudentFault(
        Verdict.NOT_ATTEMPTED,
        f"`{name}` is not defined; was its cell deleted, renamed, or stopped by an error?",
    )
