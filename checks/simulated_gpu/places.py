"""Where a tensor lies while a GPU is simulated, and who made it.

A storage lies on a device: its views, `.data`, `nn.Parameter(x)` and slices lie there too. So the
place is kept on the storage, whose Python object lives as long as the storage itself. A storage
without a word about it lies on the CPU, as a new tensor does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
from torch import Tensor


def each(names: str) -> frozenset[str]:
    """The names in a text."""
    return frozenset(names.split())


DEVICE = torch.device("cuda", 0)  # what tensors on the simulated GPU say of themselves
CPU = torch.device("cpu")

FACTORIES = each(
    """arange as_tensor asarray bernoulli empty eye from_numpy full linspace logspace multinomial
    normal ones rand randint randn randperm range scalar_tensor tensor zeros"""
)
LIKE = frozenset(f"{name}_like" for name in FACTORIES)
MOVED = ("cpu", "to", "type", "type_as", "cuda")
UNPACKED = "pad_packed_sequence"  # whose lengths lie on the CPU
MODULE = "nn.Module"  # the maker of a module's weights
EARLIER = ""  # the maker of what was there before the call, or came from where nobody looks

_OURS = (os.path.dirname(torch.__file__) + os.sep, os.path.dirname(__file__) + os.sep)
_MODULES = os.path.join(os.path.dirname(torch.__file__), "nn", "modules") + os.sep


class Unseen(RuntimeError):
    """A tensor without a storage: of a function transform, which cannot be followed."""


@dataclass(frozen=True)
class Maker:
    """How a tensor came about: the last part of a function's name, and the function it stood in."""

    how: str = EARLIER
    inside: str = ""


def storage(tensor: Tensor) -> torch.UntypedStorage:
    """The storage that tells a tensor's place.

    Raises:
        Unseen: it has none.
    """
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError) as error:
        if tensor.layout is torch.sparse_coo:
            return tensor._values().untyped_storage()
        raise Unseen(str(error)) from error


def is_away(tensor: Tensor) -> bool:
    """Whether a tensor lies on the simulated GPU."""
    return getattr(storage(tensor), "away", False)


def place(tensor: Tensor, away: bool) -> None:
    """Say where a tensor lies, and with it all that share its storage."""
    storage(tensor).away = away  # type: ignore[attr-defined]  # a storage takes any attribute


def maker(tensor: Tensor) -> Maker:
    """Who made a tensor that lies on the CPU, as far as it is known."""
    return getattr(storage(tensor), "maker", Maker())


def sign(tensor: Tensor, who: Maker) -> None:
    """Note who made a tensor."""
    storage(tensor).maker = who  # type: ignore[attr-defined]  # torch's types know no such mark


def student_function(how: str) -> Maker:
    """The maker of what is being made now: the innermost function that is not torch's or ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_MODULES) and code.co_name == "__init__":
            how = MODULE
        elif not code.co_filename.startswith(_OURS) and not code.co_name.startswith("<"):
            return Maker(how, code.co_qualname.partition(".<locals>")[0])
        frame = frame.f_back
    return Maker(how)


def tensors(*values: Any) -> Iterator[Tensor]:
    """All tensors in nested lists, tuples and dictionaries."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors(*value)
        elif isinstance(value, dict):
            yield from tensors(*value.values())
