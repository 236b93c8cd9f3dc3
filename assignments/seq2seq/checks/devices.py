"""Finds code that mixes devices, on a machine without a GPU.

While `TwoDevices` is active, the tensors that were there before count as being on a GPU, and one
made without a word about its device as being on the CPU, as it would be. What PyTorch refuses on
a real GPU is refused here; where that is hard to tell, nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

FACTORIES = {
    torch.tensor,
    torch.as_tensor,
    torch.from_numpy,
    torch.zeros,
    torch.ones,
    torch.full,
    torch.empty,
    torch.arange,
    torch.rand,
    torch.randn,
    torch.randint,
    torch.randperm,
}
MOVES = {Tensor.to, Tensor.cuda, Tensor.cpu, Tensor.type_as}
# these may see both devices: a CPU index into a GPU tensor is legal, and so is a copy
MAY_MIX = {*MOVES, Tensor.__getitem__, Tensor.__setitem__, Tensor.copy_}
REFUSED = (
    "on a GPU: Expected all tensors to be on the same device, but found at least two devices, "
    "cuda:0 and cpu"
)


class TwoDevices(TorchFunctionMode):
    """Remembers which tensors would be on the CPU, and refuses to compute across devices."""

    def __init__(self) -> None:
        super().__init__()
        self._cpu: dict[int, Tensor] = {}  # by id, which a tensor keeps while it is kept here

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do what `func` does, unless a GPU would not."""
        kwargs = kwargs or {}
        given = list(tensors([*args, *kwargs.values()]))
        cpu = [part for part in given if id(part) in self._cpu]
        gpu = len(cpu) < len(given)
        if gpu and any(part.dim() for part in cpu) and func not in MAY_MIX:
            raise RuntimeError(REFUSED)
        if gpu and func is Tensor.numpy:
            raise TypeError("on a GPU: can't convert a cuda:0 tensor to numpy; use .cpu() first")
        result = func(*args, **kwargs)
        if func in MOVES:
            return self._moved(func, args, kwargs, result)
        made = func in FACTORIES and not given and kwargs.get("device") in (None, "cpu")
        if made or (given and id(given[0]) in self._cpu):
            for part in tensors([result]):
                self._cpu[id(part)] = part
        return result

    def _moved(self, func: Any, args: Any, kwargs: dict[str, Any], result: Tensor) -> Tensor:
        """The tensor a move gives: another object, so that it can be elsewhere than the first."""
        places = [*args[1:], *kwargs.values()]
        to_cpu = func is Tensor.cpu or any(
            place == "cpu" if isinstance(place, str) else id(place) in self._cpu for place in places
        )
        stays = func is Tensor.to and not any(
            isinstance(place, str | torch.device | Tensor) for place in places
        )
        result = result.view_as(result)
        self._cpu.pop(id(result), None)
        if to_cpu or (stays and id(args[0]) in self._cpu):
            self._cpu[id(result)] = result
        return result


def tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in nested lists and tuples."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors(part)
