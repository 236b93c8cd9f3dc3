"""What known mistakes make of an LSTM whose weights are all one number.

Then all units of a layer are equal, and a layer is a recurrence on two numbers: short enough to
try each mistake on it, and to tell a student which one gives the values seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Cell = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # pre-activation and old c to new h and c


def lstm(a: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The right cell: all gates have the same pre-activation."""
    c = a.sigmoid() * c + a.sigmoid() * a.tanh()
    return a.sigmoid() * c.tanh(), c


def no_forget_gate(a: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The old c is kept whole."""
    c = c + a.sigmoid() * a.tanh()
    return a.sigmoid() * c.tanh(), c


def no_old_c(a: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The old c is lost."""
    return lstm(a, torch.zeros_like(c))


def h_of_old_c(a: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The c of the step before is used for h."""
    return a.sigmoid() * c.tanh(), lstm(a, c)[1]


def clamped(a: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The new c is cut to (-1, 1)."""
    c = lstm(a, c)[1].clamp(-1, 1)
    return a.sigmoid() * c.tanh(), c


def no_tanh(a: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """h is not squashed."""
    c = lstm(a, c)[1]
    return a.sigmoid() * c, c


@dataclass(frozen=True)
class Mistake:
    """A mistake, in words and in what it changes."""

    says: str
    help: str
    cell: Cell = lstm
    embed: Callable[[Tensor], Tensor] = torch.Tensor.clone
    recurrent: float = 1.0  # how much of the old h reaches the gates
    reads: str = "h below"  # or "h below, a token late", "c below", "words"
    starts: str = "zero"  # or "end of layer below"


CARRY = "carry h and c from token to token: both are new at every token and enter the next"
MISTAKES = (
    Mistake(
        "a ReLU stands between embedding and LSTM",
        "nothing but dropout stands between embedding and LSTM",
        embed=torch.relu,
    ),
    Mistake(
        "a tanh stands between embedding and LSTM",
        "nothing but dropout stands between embedding and LSTM",
        embed=torch.tanh,
    ),
    Mistake("the forget gate is missing", "c' = f * c + i * g", cell=no_forget_gate),
    Mistake("the old c does not enter the new one", CARRY, cell=no_old_c),
    Mistake("h is made of the old c", "h' = o * tanh(c'), with the new c'", cell=h_of_old_c),
    Mistake(
        "c is cut to the range from -1 to 1",
        "c may grow beyond 1; only gates and tanh bound anything",
        cell=clamped,
    ),
    Mistake("h is o * c, without tanh", "h' = o * tanh(c')", cell=no_tanh),
    Mistake("the old h does not enter the gates", CARRY, recurrent=0.0),
    Mistake(
        "a layer starts from the final state of the layer below",
        "every layer starts from zeros; what layer l gets from layer l - 1 is its h at each token",
        starts="end of layer below",
    ),
    Mistake(
        "upper layers read the words",
        "layer l reads the h of layer l - 1, only the bottom layer reads the embeddings",
        reads="words",
    ),
    Mistake(
        "an upper layer reads the lower layer's c",
        "what layer l gets from layer l - 1 is its h; c stays within its layer",
        reads="c below",
    ),
    Mistake(
        "an upper layer is a token late: it reads the lower layer's h of the token before",
        "update the layers from bottom to top, and give each the new h of the one below",
        reads="h below, a token late",
    ),
)


def states(
    mistake: Mistake, config: dict[str, Any], value: float, biases: int, embedded: Tensor
) -> tuple[Tensor, Tensor]:
    """The final h and c (layers,) of an encoder with this mistake, from (length, E)."""
    H = config["hidden_dim"]
    zero = torch.zeros(())
    words = mistake.embed(embedded).sum(1)  # (length,)
    inputs = words
    h = c = zero
    finals = []
    for layer in range(config["num_layers"]):
        if mistake.starts == "zero" or layer == 0:
            h = c = zero
        steps = []
        for x in inputs:
            a = value * (x + mistake.recurrent * H * h + biases)
            h, c = mistake.cell(a, c)
            steps.append(c if mistake.reads == "c below" else h)
        finals.append((h, c))
        below = H * torch.stack(steps)
        if mistake.reads == "words":
            inputs = words
        elif mistake.reads == "h below, a token late":
            inputs = torch.cat([zero[None], below[:-1]])
        else:
            inputs = below
    hs, cs = zip(*finals, strict=True)
    return torch.stack(hs), torch.stack(cs)


def known_mistake(
    config: dict[str, Any], value: float, sentences: list[Tensor], h: Tensor, c: Tensor
) -> Mistake | None:
    """The mistake that makes h and c (layers, batch, hidden) of embedded sentences (length, E)."""

    def explains(mistake: Mistake, biases: int) -> bool:
        for b, embedded in enumerate(sentences):
            pair = states(mistake, config, value, biases, embedded)
            for got, scalars in zip((h[:, b], c[:, b]), pair, strict=True):
                if (got.double() - scalars[:, None].double()).abs().max() > 1e-5:
                    return False
        return True

    return next((m for m in MISTAKES for biases in (1, 2) if explains(m, biases)), None)
