"""What the judge may ask of an encoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..shared.devices import SIMULATED, on
from ..shared.parameters import Config, Filling, build, gradients, role, table_gradients
from ..shared.settings import settings


def encode(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    batches: list[tuple[Tensor, Tensor]],
    training: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Encode (source, source_lengths) batches, one after another, with one encoder.

    Returns:
        results: what it returned; `batches`: what became of them; `weights`: how many its LSTM
        has; `training`: its mode afterwards; `reseeded`: whether torch has another seed.
    """
    with settings(seed):
        encoder = build(lesson.Encoder, config, filling, training, *batches[0])
        # each call gets tensors of its own: one that is overwritten spoils no later call
        given = [(source.clone(), lengths.clone()) for source, lengths in batches]
        started = torch.initial_seed()
        results = [encoder(source, lengths) for source, lengths in given]
        reseeded = torch.initial_seed() != started
    known = [p for p in encoder.parameters() if role(p.shape, config) == "lstm"]
    report = {"results": results, "batches": given, "weights": sum(p.numel() for p in known)}
    return {**report, "training": encoder.training, "reseeded": reseeded}


def encoder_gradients(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    source: Tensor,
    source_lengths: Tensor,
    real: Tensor,
    weights: dict[str, Tensor],
) -> dict[str, Any]:
    """Differentiate a weighted sum of outputs (at the `real` positions), of h, and of c."""
    with settings(0):
        encoder = build(lesson.Encoder, config, filling, True, source, source_lengths)
        outputs, (h, c) = encoder(source, source_lengths)
    totals = {
        "outputs": (outputs * weights["outputs"])[real].sum(),
        "h": (h * weights["h"]).sum(),
        "c": (c * weights["c"]).sum(),
    }
    nothing = 0.0 * torch.stack([*totals.values()]).sum()  # each total touches the whole graph
    return gradients(encoder, config, {name: total + nothing for name, total in totals.items()})


def encoder_on(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    source: Tensor,
    source_lengths: Tensor,
    device: str = SIMULATED,
) -> dict[str, Any]:
    """Encode a batch in train mode, differentiate, and encode it in eval mode."""

    def run(place: torch.device) -> dict[str, Any]:
        with settings(0):
            encoder = build(lesson.Encoder, config, filling, True, source, source_lengths)
            encoder.to(place)
            _, state = encoder(source.to(place), source_lengths.to(place))
            slopes = table_gradients(encoder, config, *state)
            with torch.no_grad():
                outputs, state = encoder.eval()(source.to(place), source_lengths.to(place))
        return {"outputs": outputs, "state": state, "gradients": slopes}

    return on(device, run, ("outputs", "state"))
