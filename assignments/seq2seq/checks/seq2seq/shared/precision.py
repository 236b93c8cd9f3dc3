"""Numbers that are right to a few digits only."""

from __future__ import annotations

import torch
from torch import Tensor

DIGITS = 0.008  # how far bfloat16 may be off; a mistake of another kind is seldom so near
PRECISION = (
    "compute in float32, as torch does by itself: no .half(), no bfloat16, no autocast, no rounding"
)


def rounded(*tensors: Tensor) -> bool:
    """Whether all that is not NaN are numbers of 16 bits."""
    return any(
        all(bool(((x.to(kind).to(x.dtype) == x) | x.isnan()).all()) for x in tensors)
        for kind in (torch.bfloat16, torch.float16)
    )
