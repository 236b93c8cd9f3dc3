"""What the judge may ask of `beam_search`."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..shared.devices import SIMULATED, on
from ..shared.searches import repeated, watch
from ..shared.settings import settings
from ..shared.standins import StandIn


def beam(
    lesson: Any,
    *,
    model: dict[str, Any],
    source: Tensor,
    source_lengths: Tensor,
    beam_width: int,
    max_length: int,
    length_penalty: float | None = None,
    training: bool = False,
    grad: bool = True,
    times: int = 1,
    seeds: list[int] | None = None,
    becomes: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Call `beam_search` as `greedy` does `greedy_decode`; `length_penalty` None leaves it out."""
    stand_in = StandIn(**model)
    penalty = () if length_penalty is None else (length_penalty,)

    def search() -> Any:
        return lesson.beam_search(
            stand_in, source, source_lengths, beam_width, max_length, *penalty
        )

    inputs = (source, source_lengths)
    run = partial(watch, stand_in, search, inputs, training, grad)
    return repeated(times, seeds, run, stand_in, becomes)


def beam_on(
    lesson: Any,
    *,
    model: dict[str, Any],
    source: Tensor,
    source_lengths: Tensor,
    beam_width: int,
    max_length: int,
    length_penalty: float = 0.0,
    device: str = SIMULATED,
) -> dict[str, Any]:
    """Call beam_search on a stand-in."""

    def run(place: torch.device) -> dict[str, Any]:
        stand_in = StandIn(**model).to(place)
        inputs = source.to(place), source_lengths.to(place)
        options = (beam_width, max_length, length_penalty)
        with settings(0):
            result = lesson.beam_search(stand_in, *inputs, *options)
        return {"result": result, "weights": list(stand_in.parameters())}

    return on(device, run, ("weights",))
