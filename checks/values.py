"""Plain values: the only things that pass between a submission and its judge."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

MAX_DEPTH = 8  # nesting; the deepest honest value, a list of rows of hypotheses, needs 5
MAX_ITEMS = 200_000  # values in one message, tensors counted as one
SCALARS = frozenset({type(None), bool, int, float})  # lists of nothing else pass as a whole


@dataclass(frozen=True)
class Opaque:
    """Stands for a value of a kind that does not cross the line. Equal to nothing else."""

    type_name: str


class TooLarge(ValueError):
    """A value is nested too deeply or has too many parts to be passed on."""


class Budget:
    """What one value may still hold: so many levels, and `MAX_ITEMS` parts in all."""

    def __init__(self, levels: int) -> None:
        self._levels = levels
        self._parts = MAX_ITEMS

    def spend(self, parts: int, depth: int) -> None:
        """Count parts that stand at a depth.

        Raises:
            TooLarge: they are too deep, or too many.
        """
        self._parts -= parts
        if depth > self._levels or self._parts < 0:
            raise TooLarge(f"more than {self._levels} levels or {MAX_ITEMS} parts")


def plain(value: Any) -> Any:
    """Copy a value, keeping only exact built-in kinds and tensors.

    Tensors come back detached, on the CPU and as exact `torch.Tensor`; NumPy scalars as Python
    numbers; named tuples as tuples; every other object as `Opaque`.

    Raises:
        TooLarge: more than `MAX_DEPTH` levels or `MAX_ITEMS` parts.
    """
    return _plain(value, 0, Budget(MAX_DEPTH))


def _plain(value: Any, depth: int, budget: Budget) -> Any:
    budget.spend(1, depth)
    if value is None or type(value) in (bool, int, float, str, Opaque):
        return value
    if isinstance(value, Tensor):
        return _plain_tensor(value)
    if type(value) in (tuple, list) and SCALARS.issuperset(map(type, value)):
        if value:
            budget.spend(len(value), depth + 1)
        return value[:]
    if isinstance(value, tuple | list):
        items = [_plain(item, depth + 1, budget) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1, budget) for key, item in value.items()}
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return Opaque(type(value).__name__[:64])


def _plain_tensor(value: Tensor) -> Tensor:
    if type(value) not in (Tensor, torch.nn.Parameter) or value.layout != torch.strided:
        return torch.Tensor.clone(torch.as_tensor(value.tolist()))
    return value.detach().cpu().contiguous().clone()  # any shape
