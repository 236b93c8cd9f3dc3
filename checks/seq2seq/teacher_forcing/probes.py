"""What the judge may ask of `train_step`: it trains the toy translator of `toy.py`."""

from __future__ import annotations

import random
from contextlib import nullcontext
from typing import Annotated, Any, NotRequired, TypedDict

import numpy as np
import torch
from torch import Tensor, nn

from checks.declared import As, Count, Many, answers
from checks.simulated_gpu.elsewhere import Fared

from ..shared.devices import SIMULATED, on
from ..shared.settings import State, generators, global_state, settings
from .no_gpu import cpu_for_cuda
from .toy import DecoderCall, EncoderCall, StackedCalls, ToyDecoder, ToyEncoder, Weights, copies


class Nothing(TypedDict):
    """An empty dictionary."""


class Given(TypedDict):
    """What became of a step's arguments."""

    source: Tensor
    source_lengths: Tensor
    target: Tensor
    teacher_forcing_ratio: NotRequired[Any]
    clip: NotRequired[Any]


class Step(TypedDict):
    """What was seen of a step."""

    loss: Any
    has_graph: bool
    encoder: list[EncoderCall]
    decoder: StackedCalls | list[DecoderCall]
    updates: Annotated[list[Weights], Many("updates")]  # the gradients each optimizer.step() used
    reached: Annotated[list[tuple[Count, Count]], Many("updates")]
    left: Nothing | Weights  # gradients that no update used
    weights: Weights
    batch: Given
    before: State
    after: State


class There(TypedDict):
    """What `train_step_on` answers from a device of torch."""

    losses: list[Any]
    gradients: list[Tensor | None]
    weights: list[Tensor]


def stacked(calls: list[dict[str, Any]]) -> Any:
    """Calls that look alike as one, its tensors (calls, ...): fewer to send; else as they are."""
    if not calls or any(looks(call) != looks(calls[0]) for call in calls):
        return list(calls)
    columns = {name: [call[name] for call in calls] for name in calls[0]}
    return {
        name: torch.stack(column) if isinstance(column[0], Tensor) else column
        for name, column in columns.items()
    }


def looks(call: dict[str, Any]) -> list[Any]:
    """What must be the same of two calls for their tensors to be stacked."""
    return [
        (name, value.shape, value.dtype, value.device) if isinstance(value, Tensor) else name
        for name, value in call.items()
    ]


@answers(Annotated[list[Step], As("steps")])
def train(
    lesson: Any,
    *,
    weights: dict[str, Tensor],
    ids: dict[str, int],
    steps: list[dict[str, Any]],
    optimizer: str = "SGD",
    learning_rate: float = 0.1,
    training: bool = False,
    seed: int = 0,
    chance: bool = False,
    restored: bool = False,
    cuda_is_cpu: bool = False,
) -> list[dict[str, Any]]:
    """Call train_step once for each of `steps`, its keyword arguments, and report what was seen.

    Args:
        weights: of the toy translator; copied, then trained.
        ids: pad_id, bos_id and eos_id.
        optimizer: a class of torch.optim.
        training: the mode the model is in before the first call.
        chance: whether to report the global generators before and after each call.
        restored: whether global settings are put back between calls, for code that crashes in its
            second one.
        cuda_is_cpu: whether a GPU asked for by name is the CPU, for code that crashes without one.
    """
    encoder = ToyEncoder(copies(weights))
    decoder = ToyDecoder(copies(weights))
    model = lesson.Seq2Seq(encoder, decoder, **ids).train(training)
    groups = [{"params": part.parameters()} for part in (encoder, decoder)]
    chosen = getattr(torch.optim, optimizer)(groups, lr=learning_rate)
    updates: list[dict[str, Tensor]] = []
    reached: list[tuple[int, int]] = []  # calls of encoder and decoder before each update

    def note(*_: object) -> None:
        updates.append(slopes(model))
        reached.append((len(encoder.calls), len(decoder.calls)))

    chosen.register_step_post_hook(note)
    reports = []
    with cpu_for_cuda() if cuda_is_cpu else nullcontext(), settings(seed):
        for number, step in enumerate(steps):
            for seen in (encoder.calls, decoder.calls, updates, reached):
                seen.clear()
            before: dict[str, Any] = global_state()
            if chance:
                before |= generators()
            given = copies(step)
            with settings(seed + number) if restored else nullcontext():
                loss = lesson.train_step(model, chosen, **given)
                after: dict[str, Any] = global_state()
            if chance:
                after |= generators()
            used = any(bool(slope.any()) for update in updates for slope in update.values())
            reports.append(
                {
                    "loss": loss,
                    "has_graph": bool(getattr(loss, "requires_grad", False)),
                    "encoder": list(encoder.calls),
                    "decoder": stacked(decoder.calls),
                    "updates": list(updates),
                    "reached": list(reached),
                    "left": {} if used else slopes(model),
                    "weights": copies(dict(model.named_parameters())),
                    "batch": copies(given),
                    "before": before,
                    "after": after,
                }
            )
            random.random(), np.random.random(), torch.rand(())  # so no call starts where one ended
    return reports


def slopes(model: nn.Module) -> dict[str, Tensor]:
    """The gradient every parameter holds now; zero where it holds none."""
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.detach().clone()
        for name, p in model.named_parameters()
    }


@answers(There | Fared)
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
