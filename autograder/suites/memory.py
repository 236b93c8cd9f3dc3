"""Answers to questions that every submission brings are computed once.

A process begins with what an earlier one has left, if it is told where that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch

from autograder.wall.inside.wire import pack

P = ParamSpec("P")
T = TypeVar("T")
Memory = dict[Any, Any]

_memories: dict[str, Memory] = {}
_earlier: list[Callable[[], Mapping[str, Memory]]] = []  # read when it is first needed


def begin_with(earlier: Callable[[], Mapping[str, Memory]]) -> None:
    """Have all memories begin with what `earlier` gives when something is first asked for."""
    _earlier.append(earlier)


def memory(name: str) -> Memory:
    """What is remembered under a name."""
    while _earlier:
        for known, answers in _earlier.pop()().items():
            _memories.setdefault(known, {}).update(answers)
    return _memories.setdefault(name, {})


def all_remembered() -> Mapping[str, Memory]:
    """All that is remembered, by name."""
    memory("drawn")  # with what an earlier process has left
    return _memories


def digest_of(*parts: Any) -> bytes:
    """A digest of values: plain ones, tensors, and dataclasses of these."""
    return pack(_plain(parts)).digest()


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """Answer from memory what was asked before; whoever gets an answer must not change it."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        answers: dict[bytes, T] = memory(name)
        key = digest_of(args, kwargs)
        if key not in answers:
            answers[key] = function(*args, **kwargs)
        return answers[key]

    return ask


def drawn_once(generator: torch.Generator, name: str, draw: Callable[[], T]) -> T:
    """What `draw` draws with `generator`; one in the same state gives the same without the work.

    `name` tells draws from the same state apart. Whoever gets an answer must not change it.
    """
    drawn: dict[tuple[bytes, str], tuple[T, torch.Tensor]] = memory("drawn")
    key = (generator.get_state().numpy().tobytes(), name)
    if key not in drawn:
        drawn[key] = (draw(), generator.get_state())
    found, state = drawn[key]
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
