"""Probes that run each of the five tasks on a device: a simulated GPU, or one that is there.

On "simulated" they answer as `elsewhere` does. On a device of torch, "cpu" or "cuda", they return
what the code gave there, for a comparison of devices; TensorFloat-32 is off, and cuDNN takes its
deterministic algorithms.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from checks.simulated_gpu.elsewhere import Run, elsewhere

from .module_probes import Config, Filling, build, by_word, role
from .standins import StandIn
from .training_probes import ToyDecoder, ToyEncoder, copies, settings

SIMULATED = "simulated"


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


def table_gradients(module: nn.Module, config: Config, *answers: Tensor) -> list[Tensor | None]:
    """The gradient of the sum of some answers with respect to the embedding, (V, E)."""
    total = torch.stack([answer.sum() for answer in answers]).sum()
    if total.requires_grad:  # else that is another matter than the device
        total.backward()  # type: ignore[no-untyped-call]  # torch has no types there
    tables = [p for p in module.parameters() if role(p.shape, config) == "embedding"]
    found = [table.grad for table in tables]
    return [by_word(g.to_dense(), config) if g is not None else None for g in found]


def train_step_on(
    lesson: Any,
    *,
    weights: dict[str, Tensor],
    ids: dict[str, int],
    steps: list[dict[str, Any]],
    optimizer: str = "Adam",
    learning_rate: float = 0.01,
    device: str = SIMULATED,
) -> dict[str, Any]:
    """Call train_step once for each of `steps`; report losses, last gradients and the weights."""

    def run(place: torch.device) -> dict[str, Any]:
        encoder, decoder = ToyEncoder(copies(weights)), ToyDecoder(copies(weights))
        model = lesson.Seq2Seq(encoder, decoder, **ids).to(place)
        chosen = getattr(torch.optim, optimizer)(model.parameters(), lr=learning_rate)
        losses = []
        with settings(0):
            for step in steps:
                given = {
                    name: value.to(place, copy=True) if isinstance(value, Tensor) else value
                    for name, value in step.items()
                }
                losses.append(lesson.train_step(model, chosen, **given))
        parameters = list(model.parameters())
        slopes = [p.grad for p in parameters]
        values = [p.detach() for p in parameters]
        return {"losses": losses, "gradients": slopes, "weights": values}

    return on(device, run, ("weights",))


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


def on(device: str, run: Run, placed: tuple[str, ...]) -> dict[str, Any]:
    """Run code on a device: what it gave there, or how it fared on the simulated one."""
    if device == SIMULATED:
        return elsewhere(run, placed)
    with exact():
        return run(torch.device(device))


@contextmanager
def exact() -> Iterator[None]:
    """Float32 that is float32, and the same each time: what a comparison of devices needs.

    cuBLAS reads CUBLAS_WORKSPACE_CONFIG when it starts, which is up to who starts the process.
    """
    matmul = torch.backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = False
    try:
        with torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        matmul.allow_tf32 = before
