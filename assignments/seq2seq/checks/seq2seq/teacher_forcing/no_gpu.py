"""Lets code run that asks for a GPU by name where there is none, so that the rest can be judged."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

CPU = torch.device("cpu")


class cpu_for_cuda(TorchFunctionMode):  # noqa: N801  used like a function: with cpu_for_cuda():
    """Within this, `.cuda()` and `.to("cuda")` leave tensors on the CPU."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do what `func` does, on the CPU."""
        if getattr(func, "__name__", "") == "cuda":
            return args[0]
        named = {name: here(value) for name, value in (kwargs or {}).items()}
        return func(*map(here, args), **named)


def here(value: Any) -> Any:
    """The CPU in place of a GPU."""
    if isinstance(value, torch.device) and value.type == "cuda":
        return CPU
    return CPU if isinstance(value, str) and value.partition(":")[0] == "cuda" else value
