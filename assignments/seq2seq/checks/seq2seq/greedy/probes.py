"""What the judge may ask of `greedy_decode`."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..shared.devices import SIMULATED, on
from ..shared.searches import repeated, watch
from ..shared.second_tries import WithoutGpu, forgetful
from ..shared.settings import settings
from ..shared.standins import StandIn


def greedy(
    lesson: Any,
    *,
    model: dict[str, Any],
    source: Tensor,
    source_lengths: Tensor,
    max_length: int,
    training: bool = False,
    grad: bool = True,
    times: int = 1,
    seeds: list[int] | None = None,
    without_gpu: bool = False,
    forgetting: bool = False,
    becomes: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Call `greedy_decode` `times` times on one model; a run for each.

    The n-th begins with the global sources of randomness seeded with `seeds[n]`, or n. To judge
    what else it does, code that names a GPU can be tried `without_gpu`, and code that keeps
    something from call to call `forgetting` it.

    Args:
        becomes: another model of the same sizes, whose values this one gets before a run more.
    """
    stand_in = StandIn(**model)
    function = forgetful(lesson.greedy_decode) if forgetting else lesson.greedy_decode

    def decode() -> Any:
        with WithoutGpu() if without_gpu else nullcontext():
            return as_tensors(function(stand_in, source, source_lengths, max_length))

    inputs = (source, source_lengths)
    run = partial(watch, stand_in, decode, inputs, training, grad)
    return repeated(times, seeds, run, stand_in, becomes)


def as_tensors(value: Any, levels: int = 3) -> Any:
    """A value with tensors for NumPy's arrays, which do not cross the line."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        return torch.as_tensor(value.tolist())
    if type(value) in (list, tuple) and levels and set(map(type, value)) - {int}:
        return type(value)(as_tensors(part, levels - 1) for part in value)
    return value


def greedy_on(
    lesson: Any,
    *,
    model: dict[str, Any],
    source: Tensor,
    source_lengths: Tensor,
    max_length: int,
    device: str = SIMULATED,
) -> dict[str, Any]:
    """Call greedy_decode on a stand-in."""

    def run(place: torch.device) -> dict[str, Any]:
        stand_in = StandIn(**model).to(place)
        inputs = source.to(place), source_lengths.to(place)
        with settings(0):
            result = lesson.greedy_decode(stand_in, *inputs, max_length)
        return {"result": result, "weights": list(stand_in.parameters())}

    return on(device, run, ("weights",))
