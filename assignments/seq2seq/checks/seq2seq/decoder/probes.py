"""What the judge may ask of a decoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from ..shared.devices import SIMULATED, on
from ..shared.parameters import Config, Filling, build, gradients, role, table_gradients
from ..shared.settings import settings


def decode(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    calls: list[tuple[Tensor, ...]],
    training: bool | list[bool] = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Call one decoder with each (previous, h, c); (previous,) alone continues the last state.

    Args:
        training: train mode or eval mode, for all calls or for each.

    Returns:
        results: what it returned; `calls`: what became of its arguments; `parts`: the roles that
        its parameters have; `training`: whether it stays in train mode where it was put there;
        `reseeded`: whether torch has another seed.
    """
    with settings(seed):
        calls = [tuple(tensor.clone() for tensor in call) for call in calls]  # none shared
        first = (calls[0][0], (calls[0][1], calls[0][2]))
        modes = training if isinstance(training, list) else [training] * len(calls)
        decoder = build(lesson.Decoder, config, filling, modes[0], *first)
        results: list[Any] = []
        kept, started = True, torch.initial_seed()
        for mode, (previous, *given) in zip(modes, calls, strict=True):
            decoder.train(mode)
            state = (given[0], given[1]) if given else results[-1][1]
            results.append(decoder(previous, state))
            kept = kept and (decoder.training or not mode)
        reseeded = torch.initial_seed() != started
    parts = sorted({role(p.shape, config) for p in decoder.parameters()})
    report = {"results": results, "calls": calls, "parts": parts}
    return {**report, "training": kept, "reseeded": reseeded}


def decoder_gradients(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    previous: Tensor,
    h: Tensor,
    c: Tensor,
    weights: dict[str, Tensor],
) -> dict[str, Any]:
    """Differentiate a weighted sum of log-probabilities, of the new h, and of the new c."""
    h, c = h.requires_grad_(), c.requires_grad_()
    with settings(0):
        decoder = build(lesson.Decoder, config, filling, True, previous, (h, c))
        logits, (new_h, new_c) = decoder(previous, (h.clone(), c.clone()))  # as from an encoder
    totals = {
        "logits": (log_softmax(logits, dim=-1) * weights["logits"]).sum(),
        "h": (new_h * weights["h"]).sum(),
        "c": (new_c * weights["c"]).sum(),
    }
    nothing = 0.0 * torch.stack([*totals.values()]).sum()  # each total touches the whole graph
    totals = {name: total + nothing for name, total in totals.items()}
    return gradients(decoder, config, totals, h, c)


def decoder_on(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    previous: Tensor,
    h: Tensor,
    c: Tensor,
    device: str = SIMULATED,
) -> dict[str, Any]:
    """Decode two steps in train mode, differentiate, and decode one in eval mode."""

    def run(place: torch.device) -> dict[str, Any]:
        with settings(0):
            decoder = build(lesson.Decoder, config, filling, True, previous, (h, c)).to(place)
            words, state = previous.to(place), (h.to(place), c.to(place))
            _, later = decoder(words, state)
            scores, later = decoder(words, later)
            slopes = table_gradients(decoder, config, scores, *later)
            with torch.no_grad():
                logits, state = decoder.eval()(words, state)
        return {"logits": logits, "state": state, "gradients": slopes}

    return on(device, run, ("logits", "state"))
