"""What a check says when a behaviour is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from . import closed
from .closed import own
from .verdicts import Fault


class Wrong(AssertionError):
    """A behaviour differs from the contract.

    Attributes:
        rationale: what was observed, in general terms; never an input or an expected value.
        help: the likeliest cause and where to look; empty when the symptom points nowhere.
        guess: whether the help names what usually causes this, and not a cause that was recognised;
            it is left out where an earlier check of the task failed, whose cause it may be.
        line: the rubric's line that is broken; empty for the check's own.
        share: what this costs, as a share of that line, where the mistake is known: then it
            explains all that the check was answered. None where it is not: the check's weight.
    """

    def __init__(
        self,
        rationale: str,
        help: str = "",
        guess: bool = False,
        line: str = "",
        share: float | None = None,
    ) -> None:
        super().__init__(rationale)
        self.rationale = rationale
        self.help = help
        self.guess = guess
        self.line = line
        self.share = share


def expect(
    condition: bool,
    rationale: str,
    help: str = "",
    guess: bool = False,
    line: str = "",
    share: float | None = None,
) -> None:
    """Raise `Wrong` unless the condition holds."""
    if not condition:
        __tracebackhide__ = True  # an author's debugger stops in the check that says so
        raise Wrong(rationale, help, guess, line, share)


@contextmanager
def priced(line: str, share: float) -> Iterator[None]:
    """Within this, what is wrong is a mistake that is known, at this price, if it names no other.

    Args:
        line: the rubric's line that is broken; "" for the one that it names, or the check's own.
    """
    try:
        yield
    except Wrong as wrong:
        if wrong.share is None:
            wrong.line, wrong.share = line or wrong.line, share
        raise


_met: ContextVar[list[Fault] | None] = ContextVar("met", default=None)


def mended(rationale: str, help: str = "", *, line: str = "", share: float) -> None:
    """Take down a mistake in what came back that was put right: the check goes on without it.

    It is told and charged once, in whichever check of the task meets it first.

    Args:
        line: the rubric's line that it breaks; empty for the check's own.
        share: what it costs, as a share of that line.
    """
    faults = _met.get()
    fault = Fault(line, share, rationale, help)
    if faults is not None and fault not in faults:
        faults.append(fault)


@contextmanager
def meeting() -> Iterator[list[Fault]]:
    """Within this, what is `mended` is put into the list given."""
    faults: list[Fault] = []
    token = _met.set(faults)
    try:
        yield faults
    finally:
        _met.reset(token)


def expect_shape(value: Any, shape: Sequence[int], name: str, help: str = "") -> Tensor:
    """Return `value` if it is a tensor of this shape, else raise `Wrong` naming both shapes."""
    if not isinstance(value, Tensor):
        wanted = own(tuple(shape))
        raise Wrong(f"{name} should be a tensor of shape {wanted}, got {kind(value)}", help)
    if tuple(value.shape) != tuple(shape):
        raise Wrong(
            f"{name} should have shape {own(tuple(shape))}, got {closed.shape(value.shape, shape)}",
            help,
        )
    return value


def close(actual: Tensor, expected: Tensor, atol: float = 1e-5, rtol: float = 1e-5) -> bool:
    """Whether two tensors of equal shape agree everywhere; NaN agrees with nothing."""
    if actual.shape != expected.shape:
        return False
    return bool(
        torch.allclose(actual.to(torch.float64), expected.to(torch.float64), atol=atol, rtol=rtol)
    )


def kind(value: Any) -> str:
    """Name a value's kind for a message, without showing the value.

    Beside a hidden check what the submission could choose freely is left out (see `closed.py`).
    """
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, Tensor):
        sizes = tuple(value.shape)
        said = f"of {closed.dimensions(len(sizes))}" if closed.is_hidden() else f"of shape {sizes}"
        return f"a tensor {said} and dtype {own(value.dtype)}"
    if isinstance(value, list | tuple):
        many = closed.is_hidden() and len(value) > 3
        return f"a {type(value).__name__}" + ("" if many else f" of {own(len(value))}")
    return closed.type_name(getattr(value, "type_name", type(value).__name__))
