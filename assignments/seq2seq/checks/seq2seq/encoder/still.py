"""Takes chance out of what an encoder does, to judge the rest of an answer that chance changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

DROPOUT, DRAWS, CHANGES = "dropout", "draws", "changes"  # what may be taken out

_dropouts: tuple[Any, ...] = (
    F.dropout, F.dropout1d, F.dropout2d, F.alpha_dropout, F.feature_alpha_dropout, torch.dropout,
)  # fmt: skip
_zeros: dict[Any, Callable[..., Tensor]] = {
    torch.randn: torch.zeros,
    torch.randn_like: torch.zeros_like,
    torch.rand: torch.zeros,
    torch.rand_like: torch.zeros_like,
}
_initial: tuple[Any, ...] = (Tensor.uniform_, Tensor.normal_, init.uniform_, init.normal_)


class Still(TorchFunctionMode):
    """Within this there is no dropout, random numbers are always the same, or ids are copied.

    What draws a state gets zeros. What draws weights gets the same ones at every call. Without
    changes, an embedding keeps the ids that it was given, whatever is written over them later.
    """

    def __init__(self, out: str) -> None:
        super().__init__()
        self._out = out

    def __torch_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Replace a function that draws."""
        options = kwargs or {}
        if self._out == DROPOUT and func in _dropouts:
            return args[0] if args else options["input"]
        if self._out == DRAWS and func in _zeros:
            options.pop("generator", None)
            return _zeros[func](*args, **options)
        if self._out == DRAWS and func in _initial:
            drawn = args[0] if args else options["tensor"]
            numbers = torch.arange(drawn.numel(), device=drawn.device)
            with torch.no_grad():
                return drawn.copy_((numbers * 0.7).sin().mul(0.7).reshape(drawn.shape))
        if self._out == CHANGES and func is F.embedding:
            return func(args[0].clone(), *args[1:], **options)
        return func(*args, **options)
