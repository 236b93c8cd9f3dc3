"""What a training step gives: independent of the solution, and never sent to a submission."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from autograder.suites.memory import remembered
from checks.seq2seq.teacher_forcing.kinds import Ids, Kind, loss_of
from checks.seq2seq.teacher_forcing.steps import ADVANCES, Seen, advance_of, start_of, starts
from checks.seq2seq.teacher_forcing.toy import ToyDecoder, ToyEncoder

Gradients = dict[str, Tensor]


class Toy(nn.Module):
    """The toy translator, as the judge trains it."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.encoder = ToyEncoder({name: value.clone() for name, value in weights.items()})
        self.decoder = ToyDecoder({name: value.clone() for name, value in weights.items()})


@dataclass(frozen=True)
class Batch:
    """What train_step is given."""

    source: Tensor
    source_lengths: Tensor
    target: Tensor


def draw_weights(
    generator: torch.Generator, vocab_size: int, hidden_dim: int, layers: int = 2
) -> dict[str, Tensor]:
    """Weights of the toy translator, large enough for its answers to vary."""

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    V, H = vocab_size, hidden_dim
    return {
        "source_embedding": draw(V, H),
        "to_h": draw(layers, H, H) * 0.5,
        "to_c": draw(layers, H, H) * 0.5,
        "target_embedding": draw(V, H),
        "move": draw(layers, H, H) * 0.5,
        "output": draw(H, V) * 0.7,
        "bias": draw(V) * 0.3,
    }


def draw_batch(
    generator: torch.Generator, vocab_size: int, ids: dict[str, int], word_counts: list[int]
) -> Batch:
    """Random sentences; row b's target has `word_counts[b]` words, then EOS, then PAD."""
    words = torch.tensor([i for i in range(vocab_size) if i not in ids.values()])

    def draw(*shape: int) -> Tensor:
        return words[torch.randint(len(words), shape, generator=generator)]

    B, S, T = len(word_counts), 6, max(word_counts) + 2
    lengths = torch.randint(1, S + 1, (B,), generator=generator)
    source = draw(B, S)
    source[torch.arange(S) >= lengths[:, None]] = ids["pad_id"]
    target = torch.full((B, T), ids["pad_id"])
    target[:, 0] = ids["bos_id"]
    for row, count in enumerate(word_counts):
        target[row, 1 : count + 1] = draw(count)
        target[row, count + 1] = ids["eos_id"]
    return Batch(source, lengths, target)


def run(model: Toy, batch: Batch, gold: bool) -> Tensor:
    """The logits of every step, (steps, batch, vocabulary), each next input gold or predicted."""
    _, state = model.encoder(batch.source, batch.source_lengths)
    previous = batch.target[:, 0]  # (batch,)
    steps = []
    for now in batch.target.T[1:]:
        logits, state = model.decoder(previous, state)
        steps.append(logits)
        previous = now if gold else logits.detach().argmax(1)
    return torch.stack(steps)


@remembered
def free_run(weights: Gradients, batch: Batch) -> tuple[Tensor, float]:
    """What the toy says on its own input, (steps, batch), and how near it came to a tie."""
    with torch.no_grad():
        best = run(Toy(weights), batch, gold=False).topk(2)
    return best.indices[..., 0], (best.values[..., 0] - best.values[..., 1]).min().item()


def mean_loss(model: Toy, batch: Batch, pad_id: int, gold: bool) -> Tensor:
    """The contract's loss."""
    targets = batch.target.T[1:]  # (steps, batch)
    scores = log_softmax(run(model, batch, gold), 2).gather(2, targets[..., None])[..., 0]
    return -scores[targets != pad_id].mean()


@dataclass(frozen=True)
class Update:
    """One training step as the contract wants it."""

    loss: float
    norm: float  # of the gradient before clipping
    gradients: dict[str, Tensor]  # after clipping
    weights: dict[str, Tensor]  # after the update


class SGD:
    """Plain gradient descent."""

    def __init__(self, learning_rate: float) -> None:
        self._rate = learning_rate

    def update(self, weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> None:
        """Move each weight against its slope."""
        for weight, slope in zip(weights, slopes, strict=True):
            weight -= self._rate * slope


class Adam:
    """Adam with its usual terms (Kingma & Ba 2015, algorithm 1)."""

    def __init__(self, learning_rate: float) -> None:
        self._rate = learning_rate
        self._steps = 0
        self._moments: list[tuple[Tensor | float, Tensor | float]] = []

    def update(self, weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> None:
        """Move each weight by the running moments of its slope, corrected for their start at 0."""
        self._steps += 1
        before = self._moments or [(0.0, 0.0)] * len(slopes)
        self._moments = []
        for weight, slope, (mean, square) in zip(weights, slopes, before, strict=True):
            m, v = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope.square()
            self._moments.append((m, v))
            step = (m / (1 - 0.9**self._steps)) / ((v / (1 - 0.999**self._steps)).sqrt() + 1e-8)
            weight -= self._rate * step


# torch's own optimizers import its compiler, which takes longer than all that is reckoned here
OPTIMIZERS: dict[str, type[SGD | Adam]] = {"SGD": SGD, "Adam": Adam}


def train_steps(
    weights: dict[str, Tensor],
    batches: list[Batch],
    pad_id: int,
    clips: list[float],
    golds: list[bool],
    optimizer: str,
    learning_rate: float,
) -> Iterator[Update]:
    """Train the toy translator as the contract says."""
    return iter(_updates(weights, batches, pad_id, clips, golds, optimizer, learning_rate))


@remembered
def _updates(
    weights: dict[str, Tensor],
    batches: list[Batch],
    pad_id: int,
    clips: list[float],
    golds: list[bool],
    optimizer: str,
    learning_rate: float,
) -> list[Update]:
    updates = []
    model = Toy(weights)
    chosen = OPTIMIZERS[optimizer](learning_rate)
    names, parameters = zip(*model.named_parameters(), strict=True)
    for batch, clip, gold in zip(batches, clips, golds, strict=True):
        loss = mean_loss(model, batch, pad_id, gold)
        unclipped = torch.autograd.grad(loss, parameters)
        norm = torch.cat([g.flatten() for g in unclipped]).norm().item()
        slopes = [slope * min(1.0, clip / norm) for slope in unclipped]
        with torch.no_grad():
            chosen.update(parameters, slopes)
        used = dict(zip(names, slopes, strict=True))
        after = {name: p.detach().clone() for name, p in zip(names, parameters, strict=True)}
        updates.append(Update(loss.item(), norm, used, after))
    return updates


def replay(weights: Gradients, call: Seen, kind: Kind, ids: Ids) -> Gradients | None:
    """The gradients of a loss of some kind, through what a call was seen to do.

    The state is handed on, and cut off from its graph, as it was there. None where the call cannot
    be followed.
    """
    start, advance = start_of(call), advance_of(call)
    if start is None or advance is None:
        return None
    model = Toy(weights)
    _, (h, c) = model.encoder(call.encoder["source"], call.encoder["lengths"])
    h, c = starts()[start][0](h, c)
    h_moves, c_moves = ADVANCES[advance][0]
    steps = [*call.decoder, *call.more]
    logits = []
    for step in steps:
        flags = step.get("graph") or [True] * 3
        h, c = (x if flag else x.detach() for x, flag in zip((h, c), flags, strict=False))
        now, (new_h, new_c) = model.decoder(step["previous"], (h, c))
        h, c = new_h if h_moves else h, new_c if c_moves else c
        logits.append(now if flags[2] else now.detach())
    made = torch.stack(logits)
    if not torch.allclose(made[: len(call.logits)], call.logits, atol=1e-3):
        return None
    loss = loss_of(kind, call, ids, made)
    if loss is None or not loss.requires_grad:
        return None
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return {
        name: torch.zeros_like(p) if g is None else g
        for name, p, g in zip(names, parameters, found, strict=True)
    }


def switches(choices: list[bool]) -> int:
    """How often a series changes."""
    return sum(a != b for a, b in pairwise(choices))
