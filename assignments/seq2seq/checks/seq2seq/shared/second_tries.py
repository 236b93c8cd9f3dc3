"""Calls a function once more as if a mistake of its own were not there: to judge what else it does.

A function that wants a GPU gets the CPU; one that remembers earlier calls finds its memory empty.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CONTAINERS = (dict, list, set)  # in which a function can keep something from call to call


class WithoutGpu(TorchFunctionMode):
    """Within this, whoever asks torch for a GPU gets the CPU."""

    def __torch_function__(
        self, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch with every GPU replaced."""
        if function is Tensor.cuda:
            return args[0]
        named = {name: _here(value) for name, value in (kwargs or {}).items()}
        return function(*map(_here, args), **named)


def _here(value: Any) -> Any:
    gpu = isinstance(value, torch.device) and value.type == "cuda"
    gpu = gpu or (isinstance(value, str) and value.partition(":")[0] == "cuda")
    return torch.device("cpu") if gpu else value


def forgetful(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with nothing in its mutable defaults, in the globals that it names, on itself.

    What it does not name, and what does not hold things, is as it was.
    """
    if hasattr(function, "cache_clear"):
        function.cache_clear()
    inner = getattr(function, "__wrapped__", function)
    if not isinstance(inner, FunctionType):
        return function
    known = inner.__globals__
    names = {name for name in _names(inner.__code__) if name in known}
    fresh = {**known, **{name: _emptied(known[name]) for name in names}}
    defaults = tuple(map(_emptied, inner.__defaults__ or ()))
    again = FunctionType(inner.__code__, fresh, inner.__name__, defaults, inner.__closure__)
    again.__kwdefaults__ = {
        name: _emptied(value) for name, value in (inner.__kwdefaults__ or {}).items()
    }
    again.__dict__.update({name: _emptied(value) for name, value in vars(inner).items()})
    fresh[inner.__name__] = again
    return again


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _names(value)


def _emptied(value: Any) -> Any:
    if not isinstance(value, CONTAINERS):
        return value
    empty = copy.copy(value)
    empty.clear()
    return empty
