"""What the judge may ask of an encoder."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated, Any, NotRequired, TypedDict

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from checks.declared import As, Count, Like, Many, answers
from checks.expect import Wrong
from checks.simulated_gpu.elsewhere import Fared

from ..shared.devices import SIMULATED, on
from ..shared.parameters import (
    Config,
    Filling,
    Slope,
    build,
    fill,
    gradients,
    role,
    table_gradients,
)
from ..shared.settings import settings
from .forms import encoding, from_arrays
from .still import Still


class Encoded(TypedDict):
    """What `encode` answers."""

    results: Annotated[list[Any], As("batches")]
    batches: Annotated[list[tuple[Tensor, Tensor]], As("batches")]
    weights: Count
    training: bool
    reseeded: bool
    heard: NotRequired[Annotated[list[Any], As("batches")]]
    arrays: NotRequired[bool]


@answers(Encoded)
def encode(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    batches: list[tuple[Tensor, Tensor]],
    training: bool = False,
    seed: int = 0,
    still: str = "",
    becomes: Filling | None = None,
) -> dict[str, Any]:
    """Encode (source, source_lengths) batches, one after another, with one encoder.

    Args:
        becomes: with what its weights are filled before the last batch.
        still: what chance is taken out, if any (see `Still`).

    Returns:
        results: what it returned; `batches`: what became of them; `weights`: how many its LSTM
        has; `training`: its mode afterwards; `reseeded`: whether torch has another seed. `heard`:
        what its LSTM returned, where it returned nothing itself; `arrays`: whether it returned
        NumPy's.
    """
    with settings(seed):
        encoder = build(lesson.Encoder, config, filling, training, *batches[0])
        # each call gets tensors of its own: one that is overwritten spoils no later call
        given = [(source.clone(), lengths.clone()) for source, lengths in batches]
        started = torch.initial_seed()
        with Still(still) if still else nullcontext():
            raw = [encoder(source, lengths) for source, lengths in given[:-1]]
            if becomes is not None:
                fill(encoder, config, becomes)
            raw.append(encoder(*given[-1]))
        reseeded = torch.initial_seed() != started
        results = [from_arrays(value) for value in raw]
        report: dict[str, Any] = {"results": results, "batches": given}
        if [len(tensors(value)) for value in raw] != [len(tensors(value)) for value in results]:
            report["arrays"] = True
        if any(result is None for result in results):
            report["heard"] = [overheard(encoder, *batch) for batch in batches]
    report["weights"] = lstm_weights(encoder, config)
    return {**report, "training": bool(encoder.training), "reseeded": reseeded}


def lstm_weights(encoder: nn.Module, config: Config) -> int:
    """How many weights the encoder's LSTM has."""
    return sum(p.numel() for p in encoder.parameters() if role(p.shape, config) == "lstm")


def overheard(encoder: nn.Module, source: Tensor, lengths: Tensor) -> Any:
    """What the one nn.LSTM of an encoder returns during a call, padded; None without one."""
    said: list[Any] = []
    lstms = [module for module in encoder.modules() if isinstance(module, nn.LSTM)]
    if len(lstms) != 1:
        return None
    hook = lstms[0].register_forward_hook(lambda module, given, result: said.append(result))
    try:
        encoder(source.clone(), lengths.clone())
    finally:
        hook.remove()
    if not said:
        return None
    outputs, state = said[-1]
    if isinstance(outputs, PackedSequence):
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
    return outputs, state


def answer(
    encoder: nn.Module, source: Tensor, lengths: Tensor, place: torch.device | None = None
) -> Any:
    """What an encoder returns, or its LSTM if it returns nothing itself."""
    given = source.clone().to(place), lengths.clone().to(place)
    result = from_arrays(encoder(*given))
    return overheard(encoder, *given) if result is None else result


class Came(TypedDict):
    """What of an answer came back, as ones among zeros."""

    outputs: Annotated[Tensor, Like("weights.outputs")]
    h: Annotated[Tensor, Like("weights.h")]
    c: Annotated[Tensor, Like("weights.c")]


class Slopes(TypedDict):
    """What `encoder_gradients` answers."""

    outputs: tuple[Slope]
    h: tuple[Slope]
    c: tuple[Slope]
    reached: Count
    weights: Count
    came: Came


class Unread(TypedDict):
    """What it answers where the encoder's answer cannot be read."""

    results: Annotated[list[Any], Many(1)]
    weights: Count


@answers(Unread | Slopes)
def encoder_gradients(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    source: Tensor,
    source_lengths: Tensor,
    real: Tensor,
    weights: dict[str, Tensor],
    training: bool = True,
    still: str = "",
) -> dict[str, Any]:
    """Differentiate a weighted sum of outputs (at the `real` positions), of h, and of c.

    Returns:
        See `gradients`; `weights`: how many its LSTM has; `came`: for outputs, h and c, what of
        them came back, as ones among zeros. If the answer cannot be read: `results`, it alone.
    """
    with settings(0):
        encoder = build(lesson.Encoder, config, filling, training, source, source_lengths)
        with Still(still) if still else nullcontext():
            result = answer(encoder, source, source_lengths)
    size = lstm_weights(encoder, config)
    try:
        parts = encoding(result, source_lengths, source.shape[1], config, size)
    except Wrong:
        return {"results": [result], "weights": size}
    outputs, h, c = (part.masked_fill(part.isnan(), 0) for part in parts)
    totals = {
        "outputs": (outputs * weights["outputs"])[real].sum(),
        "h": (h * weights["h"]).sum(),
        "c": (c * weights["c"]).sum(),
    }
    nothing = 0.0 * torch.stack([*totals.values()]).sum()  # each total touches the whole graph
    report = gradients(encoder, config, {name: total + nothing for name, total in totals.items()})
    came = {name: (~x.isnan()).float() for name, x in zip(totals, parts, strict=True)}
    return {**report, "weights": size, "came": came}


class There(TypedDict):
    """What `encoder_on` answers from a device of torch."""

    outputs: Tensor
    state: tuple[Tensor, ...]
    gradients: list[Slope]


@answers(There | Fared)
def encoder_on(
    lesson: Any,
    *,
    config: Config,
    filling: Filling,
    source: Tensor,
    source_lengths: Tensor,
    device: str = SIMULATED,
    still: str = "",
) -> dict[str, Any]:
    """Encode a batch in train mode, differentiate, and encode it in eval mode."""

    def run(place: torch.device) -> dict[str, Any]:
        with settings(0):
            encoder = build(lesson.Encoder, config, filling, True, source, source_lengths)
            encoder.to(place)
            with Still(still) if still else nullcontext():
                trained = tensors(answer(encoder, source, source_lengths, place))
                slopes = table_gradients(encoder, config, *(trained[1:] or trained))
                with torch.no_grad():
                    result = answer(encoder.eval(), source, source_lengths, place)
        outputs, *state = tensors(result)
        return {"outputs": outputs, "state": tuple(state), "gradients": slopes}

    return on(device, run, ("outputs", "state"))


def tensors(value: Any) -> list[Tensor]:
    """All tensors in a value, from left to right."""
    if isinstance(value, Tensor):
        return [value]
    parts = value if isinstance(value, list | tuple) else []
    return [tensor for part in parts for tensor in tensors(part)]
