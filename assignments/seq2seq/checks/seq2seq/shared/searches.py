"""Runs `greedy_decode` or `beam_search` once on a stand-in and says what happened.

A run is a dict: `result`, what the function returned; `rows`, the decoder rows it used; `over`,
whether it was stopped for using too many; `unknown`, how many sentences it gave the encoder that
are not in the batch; `training_seen` and `graph_seen`, whether the model was used in train mode
or with a growing graph; `inputs` and `origins`, the `previous` (of 9 rows at most) and the origin
of h and c of the first decoder calls, and `handed`, where the rows of their states came from;
`training_after` and `grad_after`, the flags once it had returned, that of the model being as before
only if its parts' are; `model_changed`, its values, their types or what is trainable;
`inputs_changed`; `settings_changed`, the names of the program's settings that it left changed; and,
where seeds are given, `drawn`: for each source of randomness a digest of the state it was left in.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Module

from .settings import settings
from .standins import StandIn, TooMuchWork

SETTINGS: dict[str, Callable[[], Any]] = {  # of the whole program, and how to read them
    "default dtype": torch.get_default_dtype,
    "default device": torch.get_default_device,
    "anomaly mode": torch.is_anomaly_enabled,
    "deterministic algorithms": torch.are_deterministic_algorithms_enabled,
}
SOURCES: dict[str, Callable[[], bytes]] = {  # of randomness, and how to read their states
    "random": lambda: repr(random.getstate()).encode(),
    "numpy": lambda: repr(np.random.get_state()).encode(),
    "torch": lambda: torch.get_rng_state().numpy().tobytes(),
}


def repeated(
    times: int,
    seeds: list[int] | None,
    run: Callable[[], dict[str, Any]],
    model: StandIn,
    becomes: dict[str, Any] | None,
) -> list[dict[str, Any]]:
    """Several runs, each from seeds of its own; afterwards the program is as it was.

    A last one, if the `model` then `becomes` another, as it does by training.
    """
    device = torch.get_default_device()
    reports = []
    try:
        for number in range(times):
            with settings(seeds[number] if seeds else number):
                report = run()
                if seeds:
                    left = {name: sha256(read()).hexdigest() for name, read in SOURCES.items()}
                    report["drawn"] = left
                reports.append(report)
        if becomes is not None:
            model.load_state_dict(StandIn(**becomes).state_dict())
            with settings(0):
                reports.append(run())
    finally:
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
    return reports


def watch(
    model: StandIn,
    call: Callable[[], Any],
    inputs: tuple[Tensor, ...],
    training: bool,
    grad: bool,
) -> dict[str, Any]:
    """Run `call` once in the modes given and report."""
    spoiling = model.encoder.register_forward_hook(spoil_padding, with_kwargs=True)
    model.train(training)
    log = model.log
    log.clear()
    model_before = [value.clone() for value in model.state_dict().values()]
    trainable = [value.requires_grad for value in model.parameters()]
    inputs_before = [value.clone() for value in inputs]
    settings_before = [read() for read in SETTINGS.values()]
    over, result = False, None
    with torch.set_grad_enabled(grad):
        try:
            result = call()
        except TooMuchWork:
            over = True
        grad_after = torch.is_grad_enabled()
    settings_after = [read() for read in SETTINGS.values()]
    both = zip(SETTINGS, settings_before, settings_after, strict=True)
    spoiling.remove()
    values = model.state_dict().values()
    same_mode = all(part.training is training for part in model.modules())
    same_model = all(map(same, model_before, values)) and trainable == [
        value.requires_grad for value in model.parameters()
    ]
    return {
        "result": result,
        "rows": log.decoder_rows,
        "over": over,
        "unknown": log.unknown,
        "training_seen": any(log.training),
        "graph_seen": any(log.graph),
        "inputs": [previous[:9].tolist() for previous in log.previous],
        "origins": log.origins[:3],
        "handed": log.handed,
        "training_after": training if same_mode else not training,
        "grad_after": grad_after,
        "model_changed": not same_model,
        "inputs_changed": not all(map(same, inputs_before, inputs)),
        "settings_changed": [name for name, before, after in both if before != after],
    }


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same type and values."""
    return one.dtype == other.dtype and torch.equal(one, other)


def spoil_padding(_: Module, args: Any, kwargs: Any, result: Any) -> Any:
    """The encoder's answer with other outputs at padded positions, where they mean nothing."""
    outputs, state = result
    lengths = torch.as_tensor(kwargs.get("source_lengths", args[-1] if args else None))
    padded = torch.arange(outputs.shape[1], device=outputs.device) >= lengths.to(outputs)[:, None]
    return outputs.masked_fill(padded[:, :, None], 1.0), state
