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

from checks.seq2seq.encoder.forms import alike

# from a gate's pre-activation, the same without the old h, and the old c, to the new h and c
Cell = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def lstm(a: Tensor, _: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The right cell: all gates have the same pre-activation."""
    c = a.sigmoid() * c + a.sigmoid() * a.tanh()
    return a.sigmoid() * c.tanh(), c


def no_forget_gate(a: Tensor, _: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The old c is kept whole."""
    c = c + a.sigmoid() * a.tanh()
    return a.sigmoid() * c.tanh(), c


def no_old_c(a: Tensor, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The old c is lost."""
    return lstm(a, x, torch.zeros_like(c))


def h_of_old_c(a: Tensor, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The c of the step before is used for h."""
    return a.sigmoid() * c.tanh(), lstm(a, x, c)[1]


def clamped(a: Tensor, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The new c is cut to (-1, 1)."""
    c = lstm(a, x, c)[1].clamp(-1, 1)
    return a.sigmoid() * c.tanh(), c


def squashed(a: Tensor, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The new c goes through a tanh itself."""
    c = lstm(a, x, c)[1].tanh()
    return a.sigmoid() * c, c


def no_tanh(a: Tensor, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """h is not squashed."""
    c = lstm(a, x, c)[1]
    return a.sigmoid() * c, c


def forgets_one_less(a: Tensor, _: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """1 - f stands where f should."""
    c = (1 - a.sigmoid()) * c + a.sigmoid() * a.tanh()
    return a.sigmoid() * c.tanh(), c


def forget_bias(a: Tensor, _: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """One is added to the forget gate, as some libraries do."""
    c = (a + 1).sigmoid() * c + a.sigmoid() * a.tanh()
    return a.sigmoid() * c.tanh(), c


def deaf(gates: str) -> Cell:
    """Some of the gates i, f, g and o do not read the old h."""

    def cell(a: Tensor, x: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = (x if gate in gates else a for gate in "ifgo")
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    return cell


@dataclass(frozen=True)
class Mistake:
    """A mistake, in words and in what it changes."""

    says: str
    help: str
    share: float  # what it costs of the line about the LSTM
    cell: Cell = lstm
    embed: Callable[[Tensor], Tensor] = torch.Tensor.clone
    recurrent: float = 1.0  # how much of the old h reaches the gates
    reads: str = "h below"  # or "h below, a token late", "c below", "words"
    starts: str = "zero"  # or "end of layer below"
    between: Callable[[Tensor], Tensor] = torch.Tensor.clone  # from layer to layer
    added: bool = False  # whether an upper layer also gets what the one below read


CARRY = "carry h and c from token to token: both are new at every token and enter the next"
EMBED = "nothing but dropout stands between embedding and LSTM"
BELOW = "layer l reads the h of layer l - 1 as it is: nothing but dropout stands between layers"
GATE = "each of the four gates reads its input and the old h"
DEAF = [
    ("the output gate does not read the old h", "o"),
    ("the input gate does not read the old h", "i"),
    ("the forget gate does not read the old h", "f"),
    ("the candidate does not read the old h", "g"),
]
MISTAKES = (
    Mistake("a ReLU stands between embedding and LSTM", EMBED, 0.4, embed=torch.relu),
    Mistake("a tanh stands between embedding and LSTM", EMBED, 0.4, embed=torch.tanh),
    Mistake("the forget gate is missing", "c' = f * c + i * g", 0.8, cell=no_forget_gate),
    Mistake("1 - f stands where f should", "c' = f * c + i * g", 0.5, cell=forgets_one_less),
    Mistake(
        "one is added in the forget gate",
        "f = sigmoid(its weights and bias) alone; what it starts from belongs into the bias",
        0.3,
        cell=forget_bias,
    ),
    Mistake("the old c does not enter the new one", CARRY, 0.9, cell=no_old_c),
    Mistake("h is made of the old c", "h' = o * tanh(c'), with the new c'", 0.85, cell=h_of_old_c),
    Mistake(
        "c is cut to the range from -1 to 1",
        "c may grow beyond 1; only gates and tanh bound anything",
        0.4,
        cell=clamped,
    ),
    Mistake("c itself goes through a tanh", "c' = f * c + i * g, and no more", 0.6, cell=squashed),
    Mistake("h is o * c, without tanh", "h' = o * tanh(c')", 0.6, cell=no_tanh),
    *(Mistake(says, GATE, 0.5, cell=deaf(gate)) for says, gate in DEAF),
    Mistake("the old h does not enter the gates", CARRY, 0.9, recurrent=0.0),
    Mistake("every token is read from a zero state", CARRY, 1.0, cell=no_old_c, recurrent=0.0),
    Mistake(
        "a layer starts from the final state of the layer below",
        "every layer starts from zeros; what layer l gets from layer l - 1 is its h at each token",
        0.7,
        starts="end of layer below",
    ),
    Mistake(
        "upper layers read the words",
        "layer l reads the h of layer l - 1, only the bottom layer reads the embeddings",
        0.8,
        reads="words",
    ),
    Mistake(
        "an upper layer reads the lower layer's c",
        "what layer l gets from layer l - 1 is its h; c stays within its layer",
        0.55,
        reads="c below",
    ),
    Mistake(
        "an upper layer is a token late: it reads the lower layer's h of the token before",
        "update the layers from bottom to top, and give each the new h of the one below",
        0.65,
        reads="h below, a token late",
    ),
    Mistake("a tanh stands between the layers", BELOW, 0.45, between=torch.tanh),
    Mistake("a ReLU stands between the layers", BELOW, 0.45, between=torch.relu),
    Mistake("what a layer reads is added to its h for the next", BELOW, 0.45, added=True),
)


def states(
    mistake: Mistake, config: dict[str, Any], value: float, biases: int, embedded: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The final h and c (layers,) and the top layer's h at each token, from (length, E)."""
    H = config["hidden_dim"]
    zero = torch.zeros(())
    words = mistake.embed(embedded).sum(1)  # (length,): what a layer reads, summed over units
    inputs = words
    h = c = zero
    finals = []
    for layer in range(config["num_layers"]):
        if mistake.starts == "zero" or layer == 0:
            h = c = zero
        steps, told = [], []
        for x in inputs:
            quiet = value * (x + biases)
            h, c = mistake.cell(quiet + value * mistake.recurrent * H * h, quiet, c)
            steps.append(c if mistake.reads == "c below" else h)
            told.append(h)
        finals.append((h, c))
        below = H * mistake.between(torch.stack(steps))
        if mistake.added and layer:
            below = below + inputs
        if mistake.reads == "words":
            inputs = words
        elif mistake.reads == "h below, a token late":
            inputs = torch.cat([zero[None], below[:-1]])
        else:
            inputs = below
    hs, cs = zip(*finals, strict=True)
    return torch.stack(hs), torch.stack(cs), torch.stack(told)


def known_mistake(
    config: dict[str, Any],
    value: float,
    sentences: list[Tensor],
    h: Tensor,
    c: Tensor,
    outputs: Tensor | None = None,
) -> Mistake | None:
    """The mistake that makes h and c (layers, batch, hidden) of embedded sentences (length, E).

    Args:
        outputs: these too are to be the mistake's, if they are given.
    """

    def explains(mistake: Mistake, biases: int) -> bool:
        for b, embedded in enumerate(sentences):
            *pair, told = states(mistake, config, value, biases, embedded)
            for got, scalars in zip((h[:, b], c[:, b]), pair, strict=True):
                if not alike(got, scalars[:, None].expand_as(got)):
                    return False
            if outputs is not None:
                steps = outputs[b, : len(told)]
                if not alike(steps, told[:, None].expand_as(steps)):
                    return False
        return True

    return next((m for m in MISTAKES for biases in (1, 2) if explains(m, biases)), None)
