"""Numbers that are right to a few digits only."""

from __future__ import annotations

DIGITS = 0.008  # how far bfloat16 may be off; a mistake of another kind is seldom so near
PRECISION = (
    "compute in float32, as torch does by itself: no .half(), no bfloat16, no autocast, no rounding"
)
