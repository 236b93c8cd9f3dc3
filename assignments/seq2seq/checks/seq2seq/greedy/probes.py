"""What the judge may ask of `greedy_decode`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..shared.devices import SIMULATED, on
from ..shared.searches import repeated, watch
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
) -> list[dict[str, Any]]:
    """Call `greedy_decode` `times` times on one model; a run for each.

    The n-th begins with the global sources of randomness seeded with `seeds[n]`, or n.
    """
    stand_in = StandIn(**model)

    def decode() -> Any:
        return lesson.greedy_decode(stand_in, source, source_lengths, max_length)

    inputs = (source, source_lengths)
    return repeated(times, seeds, lambda: watch(stand_in, decode, inputs, training, grad))


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
