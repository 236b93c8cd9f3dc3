"""Rows that were trained one by one, put together: what a pass over the whole batch would show."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

Call = dict[str, Any]
PER_ROW = ("source", "lengths")
STATES = ("h", "c", "new_h", "new_c")


def merged_rows(
    encoder: list[Call], decoder: list[Call], target: Tensor
) -> tuple[list[Call], list[Call]] | None:
    """The calls as if all rows had been given at once, None unless each was given alone."""
    alone = [call.get("source") for call in encoder]
    if not all(isinstance(x, Tensor) and x.ndim == 2 and len(x) == 1 for x in alone):
        return None
    widths = {x.shape[1] for x in alone if isinstance(x, Tensor)}
    if len(widths) > 1:
        return None
    whole: Call = {name: torch.cat([call[name] for call in encoder]) for name in PER_ROW}
    whole |= {name: torch.cat([call[name] for call in encoder], 1) for name in ("h", "c")}
    whole["training"] = all(call.get("training") is True for call in encoder)
    steps = merged_calls(decoder, whole, target)
    return None if steps is None else ([whole], steps)


def merged_calls(decoder: list[Call], encoder: Call, target: Tensor) -> list[Call] | None:
    """The decoder's calls as if all rows had been given at once, None unless each was alone.

    A row is known by the state it goes on from.
    """
    B = len(target)
    if len(decoder) < 2 * B or len(decoder) % B:
        return None
    for call in decoder:
        shapes = [
            tuple(x.shape) if isinstance(x := call.get(name), Tensor) else ()
            for name in ("previous", "h", "logits")
        ]
        if math.prod(shapes[0]) != 1 or shapes[1][1:2] != (1,) or shapes[2][:-1] != (1,):
            return None
    h = encoder.get("h")
    if not isinstance(h, Tensor) or h.shape[1] != B:
        return None
    ends = [h[:, b : b + 1] for b in range(B)]
    rows: list[list[Call]] = [[] for _ in range(B)]
    for call in decoder:
        at = [b for b in range(B) if torch.equal(ends[b], call["h"])]
        if not at:
            return None
        chosen = min(at, key=lambda b: len(rows[b]))
        rows[chosen].append(call)
        ends[chosen] = call["new_h"]
    if len({len(row) for row in rows}) > 1:
        return None
    return [together(list(step)) for step in zip(*rows, strict=True)]


def together(calls: list[Call]) -> Call:
    """One call of a step in place of one for each row."""
    whole: Call = {name: torch.cat([call[name] for call in calls], 1) for name in STATES}
    whole["previous"] = torch.cat([call["previous"].reshape(1) for call in calls])
    whole["logits"] = torch.cat([call["logits"] for call in calls])
    whole["training"] = all(call.get("training") is True for call in calls)
    graphs = [call.get("graph") or [True] * 3 for call in calls]
    whole["graph"] = [all(column) for column in zip(*graphs, strict=True)]
    return whole
