"""The probe of train_step, and the toy translator it trains: small, smooth, and no LSTM."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

State = tuple[Tensor, Tensor]


class ToyEncoder(nn.Module):
    """Makes a state from the sum of all embeddings and from the length it is told."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.embedding = nn.Parameter(weights["source_embedding"])  # (vocabulary, hidden)
        self.to_h = nn.Parameter(weights["to_h"])  # (layers, hidden, hidden)
        self.to_c = nn.Parameter(weights["to_c"])  # (layers, hidden, hidden)
        self.calls: list[dict[str, Any]] = []

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Return (outputs, (h, c)), and write the call down."""
        lengths = torch.as_tensor(source_lengths, device=source.device)
        embedded = embedding(source, self.embedding)  # (batch, source_time, hidden)
        summed = embedded.sum(1) / lengths[:, None]  # (batch, hidden)
        h, c = torch.tanh(summed @ self.to_h), torch.tanh(summed @ self.to_c)
        call = {"source": source, "lengths": lengths, "training": self.training, "h": h, "c": c}
        self.calls.append(copies(call))
        return embedded, (h, c)


class ToyDecoder(nn.Module):
    """Moves a state by one token; h and c of every layer enter the logits."""

    depth: Tensor

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.embedding = nn.Parameter(weights["target_embedding"])  # (vocabulary, hidden)
        self.move = nn.Parameter(weights["move"])  # (layers, hidden, hidden)
        self.output = nn.Parameter(weights["output"])  # (hidden, vocabulary)
        self.bias = nn.Parameter(weights["bias"])  # (vocabulary,)
        depth = torch.arange(1.0, len(self.move) + 1)[:, None, None]
        self.register_buffer("depth", depth, persistent=False)  # each layer's share
        self.calls: list[dict[str, Any]] = []

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Return (logits, new state), and write the call down."""
        h, c = state
        if previous.ndim != 1 or h.shape != c.shape or h.shape[1:2] != previous.shape:
            shapes = [tuple(tensor.shape) for tensor in (previous, h, c)]
            raise ValueError(f"model.decoder expects (B,), and (L, B, H) twice, got {shapes}")
        new_c = 0.6 * c + embedding(previous, self.embedding)  # (layers, batch, hidden)
        new_h = torch.tanh(h @ self.move - new_c)  # (layers, batch, hidden)
        logits = (new_h * self.depth[: len(new_h)]).sum(
            0
        ) @ self.output + self.bias  # (batch, vocabulary)
        call = {"previous": previous, "h": h, "c": c, "training": self.training}
        call |= {"logits": logits, "new_h": new_h, "new_c": new_c}
        self.calls.append(copies(call))
        return logits, (new_h, new_c)


def copies(call: dict[str, Any]) -> dict[str, Any]:
    """Copy what was seen, so that nothing done later changes it."""
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else value
        for name, value in call.items()
    }


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
) -> list[dict[str, Any]]:
    """Call train_step once for each of `steps`, its keyword arguments, and report what was seen.

    Args:
        weights: of the toy translator; copied, then trained.
        ids: pad_id, bos_id and eos_id.
        optimizer: a class of torch.optim.
        training: the mode the model is in before the first call.
        chance: whether to report the global generators before and after each call.
    """
    encoder = ToyEncoder(copies(weights))
    decoder = ToyDecoder(copies(weights))
    model = lesson.Seq2Seq(encoder, decoder, **ids).train(training)
    groups = [{"params": part.parameters()} for part in (encoder, decoder)]
    chosen = getattr(torch.optim, optimizer)(groups, lr=learning_rate)
    updates: list[dict[str, Tensor]] = []
    chosen.register_step_post_hook(lambda *_: updates.append(slopes(model)))
    reports = []
    with settings(seed):
        for step in steps:
            for seen in (encoder.calls, decoder.calls, updates):
                seen.clear()
            before: dict[str, Any] = global_state()
            if chance:
                before |= generators()
            given = copies(step)
            loss = lesson.train_step(model, chosen, **given)
            after: dict[str, Any] = global_state()
            if chance:
                after |= generators()
            reports.append(
                {
                    "loss": loss,
                    "has_graph": bool(getattr(loss, "requires_grad", False)),
                    "encoder": list(encoder.calls),
                    "decoder": stacked(decoder.calls),
                    "updates": list(updates),  # the gradients each optimizer.step() used
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


def global_state() -> dict[str, str]:
    """The settings that a function may change behind everyone's back, as words."""
    cudnn = torch.backends.cudnn
    return {
        "grad mode": str(torch.is_grad_enabled()),
        "default dtype": str(torch.get_default_dtype()),
        "default device": str(torch.get_default_device()),
        "anomaly mode": str(torch.is_anomaly_enabled()),
        "deterministic algorithms": str(torch.are_deterministic_algorithms_enabled()),
        "cudnn.deterministic": str(cudnn.deterministic),
        "cudnn.benchmark": str(cudnn.benchmark),
        "float32 matmul precision": torch.get_float32_matmul_precision(),
        "number of threads": str(torch.get_num_threads()),
        "seed of torch": str(torch.initial_seed()),
        "numpy error handling": str(sorted(np.geterr().items())),
    }


def generators() -> dict[str, Tensor]:
    """The states of the global generators, each 624 words and a place among them: (625,) int64.

    All three are Mersenne Twisters, so who has the words can go on from them.
    """
    words: Any = np.random.get_state(legacy=True)
    raw = torch.get_rng_state()  # 16 bytes, the place in 8, and each word in 8
    place_and_words = raw[16 : 24 + 8 * 624].view(torch.int64)
    return {
        "random": torch.tensor(random.getstate()[1]),
        "numpy": torch.tensor([*words[1].tolist(), words[2]]),
        "torch": place_and_words.roll(-1).clone(),
    }


@contextmanager
def settings(seed: int) -> Iterator[None]:
    """Seed every global source of randomness; afterwards put all global settings back."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    grad, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    anomaly, strict = torch.is_anomaly_enabled(), torch.are_deterministic_algorithms_enabled()
    threads, device = torch.get_num_threads(), torch.get_default_device()
    precision, errors = torch.get_float32_matmul_precision(), np.geterr()
    cudnn = torch.backends.cudnn
    flags = cudnn.deterministic, cudnn.benchmark
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # of the CPU; the others record a stack each call
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        torch.set_anomaly_enabled(anomaly)
        if torch.are_deterministic_algorithms_enabled() != strict:  # to set it imports a compiler
            torch.use_deterministic_algorithms(strict)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
        torch.set_float32_matmul_precision(precision)
        np.seterr(**errors)
        cudnn.deterministic, cudnn.benchmark = flags
