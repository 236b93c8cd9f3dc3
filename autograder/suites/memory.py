"""Answers to questions that every submission brings are computed once a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch

from autograder.wall.inside.wire import pack

P = ParamSpec("P")
T = TypeVar("T")


def digest_of(*parts: Any) -> bytes:
    """A digest of values: plain ones, tensors, and dataclasses of these."""
    return pack(_plain(parts)).digest()


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """Answer from memory what was asked before; whoever gets an answer must not change it."""
    answers: dict[bytes, T] = {}

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        key = digest_of(args, kwargs)
        if key not in answers:
            answers[key] = function(*args, **kwargs)
        return answers[key]

    return ask


_drawn: dict[tuple[bytes, str], tuple[Any, torch.Tensor]] = {}


def drawn_once(generator: torch.Generator, name: str, draw: Callable[[], T]) -> T:
    """What `draw` draws with `generator`; one in the same state gives the same without the work.

    `name` tells draws from the same state apart. Whoever gets an answer must not change it.
    """
    key = (generator.get_state().numpy().tobytes(), name)
    if key not in _drawn:
        _drawn[key] = (draw(), generator.get_state())
    found: T
    found, state = _drawn[key]
    generator.set_state(state)
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _plain(vars(value))
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
