"""What a training step's loss can be: right, or with one or more of the well-known mistakes.

A loss is put together of four choices: how a token is scored, which logits are scored against which
targets, which of these are left out, and what their sum is divided by. Each mistake in one of them
breaks a line of the rubric and costs a share of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from .steps import Seen

EPSILONS = (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
SMOOTHINGS = (0.1, 0.05, 0.2)
MOST = 3  # mistakes that a loss is searched for


@dataclass(frozen=True)
class Price:
    """A mistake: what is said of a loss that has it, the line it breaks, and its share of that."""

    says: str
    share: float
    line: str = "loss"


RIGHT = Price("", 0.0)
PAD_ID_0 = Price("counts PAD as a target where its id is 0", 0.55)

SCORES: dict[str, Price] = {
    "": RIGHT,
    "softmax": Price("applies softmax before cross_entropy, which applies it again", 0.75),
    "logits": Price("takes logits for log-probabilities", 1.0),
    "probabilities": Price("gives probabilities to nll_loss, which wants their logarithms", 0.8),
    **{f"smoothed {eps}": Price("smooths the labels", 0.48) for eps in SMOOTHINGS},
    **{
        f"plus {eps}": Price("adds a small number to p before it takes the logarithm", 0.15)
        for eps in EPSILONS
    },
    "cut": Price(
        "knows only the ids up to the largest of the batch, not the whole vocabulary", 0.7
    ),
}
PAIRS: dict[str, Price] = {
    "": RIGHT,
    "input": Price("scores each step against its input, not against the next token", 1.0, "steps"),
    "early": Price("scores each step against the token of one step earlier", 1.0, "steps"),
    "late": Price("scores each step against the token of one step later", 1.0, "steps"),
    "BOS too": Price("scores BOS too, as the first step's target", 0.5, "steps"),
    "BOS first": Price("scores BOS as the first step's target, and never the last", 0.72, "steps"),
    "transposed": Price("pairs logits with targets of other rows or steps", 1.0, "steps"),
}
MASKS: dict[str, Price] = {
    "": RIGHT,
    "all": Price("counts PAD as a target", 0.75),
    "no EOS": Price("ignores EOS", 0.75),
    "id 0": Price("leaves out id 0 instead of pad_id", 0.42),
    "no first": Price("leaves out the first word", 0.77, "steps"),
    "no last": Price("leaves out the last step", 0.72, "steps"),
    "last": Price("is that of the last step alone", 1.0, "steps"),
    "first": Price("is that of the first step alone", 1.0, "steps"),
    "no BOS": Price("leaves out BOS as a target", 0.3),
    "after EOS": Price("leaves out what comes after a predicted EOS", 0.72, "steps"),
    "at EOS": Price("leaves out where EOS is predicted, and all after it", 0.72, "steps"),
}
MEANS: dict[str, Price] = {
    "": RIGHT,
    "all": Price("leaves PAD out of the sum, but divides by all positions", 0.48),
    "steps": Price("is a mean for each step, averaged over steps", 0.48),
    "sum of steps": Price("is the sum of each step's mean", 0.57),
    "steps by T": Price("is the sum of each step's mean divided by T", 0.55),
    "rows": Price("is a mean for each row, averaged over rows", 0.43),
    "sum of rows": Price("is the sum of each row's mean", 0.57),
    "sum": Price("is a sum, not a mean", 0.55),
    "batch": Price("is divided by the batch size, not by the number of tokens", 0.52),
    "no EOS": Price("leaves EOS out when it divides", 0.4),
    "BOS": Price("counts BOS when it divides", 0.38),
    "by steps": Price("is divided by the number of steps, not of tokens", 0.55),
    "by T": Price("is divided by T, not by the number of tokens", 0.55),
    "real": RIGHT,  # the number of targets, whichever are counted in the sum
    "times batch": Price("is multiplied by the batch size", 0.5),
    "negative": Price("has the wrong sign", 1.0),
    "exp": Price("is exp(loss), the perplexity", 0.8),
}


@dataclass(frozen=True)
class Kind:
    """One way to make a loss."""

    scores: str = ""
    pairs: str = ""
    mask: str = ""
    mean: str = ""

    @property
    def mistakes(self) -> list[Price]:
        """What is wrong with it."""
        chosen = (
            SCORES[self.scores],
            PAIRS[self.pairs],
            MASKS[self.mask],
            MEANS[self.mean],
        )
        return [price for price in chosen if price is not RIGHT]

    @property
    def hopeless(self) -> bool:
        """Whether a model trained on it cannot learn to translate."""
        return self.mean == "negative" or self.pairs in ("input", "early", "late", "transposed")


TRUE = Kind()


@dataclass(frozen=True)
class Ids:
    """The special ids that a loss may look at."""

    pad_id: int
    eos_id: int


@cache
def kinds(most: int) -> list[Kind]:
    """All ways with so many mistakes at most, the simplest first."""
    every = [Kind(*choice) for choice in product(SCORES, PAIRS, MASKS, MEANS)]
    sized = [(sum(map(bool, vars(kind).values())), kind) for kind in every]
    return [
        kind
        for size, kind in sorted(sized, key=lambda pair: pair[0])
        if size <= most and (size < MOST or (kind.mean == "real" and " " not in kind.scores))
    ]


def loss_of(kind: Kind, call: Seen, ids: Ids, logits: Tensor | None = None) -> Tensor | None:
    """What the loss of a call would be, () with its graph; None where it cannot be made.

    Args:
        logits: of all steps, those in `call.more` too, (steps, batch, vocabulary).
    """
    return Losses(call, ids, all_logits(call) if logits is None else logits).of(kind)


def all_logits(call: Seen) -> Tensor:
    """The logits of all calls, those of a last one that may score nothing too."""
    more = [step["logits"] for step in call.more]
    return torch.cat([call.logits, torch.stack(more)]) if more else call.logits


class Losses:
    """The losses of one call; what several have in common is reckoned once."""

    def __init__(self, call: Seen, ids: Ids, logits: Tensor) -> None:
        self._call, self._ids, self._logits = call, ids, logits
        targets = call.target[:, 1:]
        self._real = int((targets != ids.pad_id).sum())
        self._words = int(((targets != ids.pad_id) & (targets != ids.eos_id)).sum())
        self._paired: dict[str, tuple[Tensor, Tensor] | None] = {}
        self._tokens: dict[tuple[str, str], Tensor | None] = {}
        self._masks: dict[tuple[str, str], Tensor | None] = {}

    def of(self, kind: Kind) -> Tensor | None:
        """One of them."""
        tokens = self.tokens(kind.scores, kind.pairs)
        mask = self.mask(kind.mask, kind.pairs)
        if tokens is None or mask is None or not bool(mask.any()):
            return None
        return self.mean(kind, torch.where(mask, tokens, 0.0), mask)

    def pair(self, pairs: str) -> tuple[Tensor, Tensor] | None:
        """Logits (steps, batch, vocabulary) and what they are scored against (steps, batch)."""
        if pairs not in self._paired:
            self._paired[pairs] = self._pair(pairs)
        return self._paired[pairs]

    def _pair(self, pairs: str) -> tuple[Tensor, Tensor] | None:
        call, n = self._call, len(self._call.gold)
        logits, gold, columns = self._logits, call.gold, call.target.T
        twice = n > 1 and torch.equal(call.inputs[1], call.inputs[0])  # BOS is read twice
        if pairs == "":
            return logits[:n], gold
        if pairs == "input":
            return (logits[:n], call.inputs) if not twice else None
        if pairs == "early":  # with gold inputs this is the input
            return (logits[:n], columns[:n]) if call.whole and not twice else None
        if pairs == "BOS first":
            return (logits[:n], columns[:n]) if call.whole and twice else None
        if pairs == "BOS too":
            return (logits, columns) if len(logits) == len(columns) else None
        if pairs == "late":
            steps = min(n, len(columns) - 2)
            return (logits[:steps], columns[2 : 2 + steps]) if steps > 0 else None
        if not call.whole or gold.shape[1] == 1:
            return None
        return logits[:n], call.target[:, 1:].reshape(n, -1)

    def tokens(self, scores: str, pairs: str) -> Tensor | None:
        """What each target adds to the loss: (steps, batch)."""
        key = (scores, pairs)
        if key not in self._tokens:
            found = self.pair(pairs)
            self._tokens[key] = None if found is None else self._scored(scores, *found)
        return self._tokens[key]

    def _scored(self, scores: str, logits: Tensor, gold: Tensor) -> Tensor | None:
        def picked(values: Tensor) -> Tensor:
            return -values.gather(2, gold[..., None])[..., 0]

        name, _, number = scores.partition(" ")
        if name == "cut":
            known = int(self._call.target.max()) + 1
            if known >= logits.shape[2] or int(gold.max()) >= known:
                return None
            return picked(logits[..., :known].log_softmax(2))
        if name == "logits":
            return picked(logits)
        if name == "probabilities":
            return picked(logits.softmax(2))
        if name == "softmax":
            return picked(logits.softmax(2).log_softmax(2))
        if name == "plus":
            return picked((logits.softmax(2) + float(number)).log())
        right = picked(logits.log_softmax(2))
        if name == "smoothed":
            eps = float(number)
            return (1 - eps) * right - eps * logits.log_softmax(2).mean(2)
        return right

    def mask(self, name: str, pairs: str) -> Tensor | None:
        """Which targets are counted: (steps, batch)."""
        key = (name, pairs)
        if key not in self._masks:
            found = self.pair(pairs)
            self._masks[key] = None if found is None else self._mask(name, *found)
        return self._masks[key]

    def _mask(self, name: str, logits: Tensor, gold: Tensor) -> Tensor | None:
        real = gold != self._ids.pad_id
        if name == "":
            return real
        if name == "all":
            return torch.ones_like(real)
        if name == "no EOS":
            return real & (gold != self._ids.eos_id)
        if name == "id 0":
            return gold != 0 if self._ids.pad_id else None
        if name == "no BOS":
            return real & (gold != self._call.target[0, 0])
        if name in ("no first", "no last", "first", "last"):
            at = torch.arange(len(gold))[:, None] == (
                0 if name.endswith("first") else len(gold) - 1
            )
            return real & (~at if name.startswith("no") else at)
        here = (logits.argmax(2) == self._ids.eos_id).cumsum(0) > 0
        if name == "at EOS":
            return real & ~here if bool((here & real).any()) else None
        before = torch.cat([torch.zeros_like(here[:1]), here[:-1]])
        return real & ~before if bool((before & real).any()) else None

    def mean(self, kind: Kind, kept: Tensor, mask: Tensor) -> Tensor:
        """The losses of the targets that are counted, put into one number."""
        B, T = self._call.target.shape
        name = kind.mean
        if name in ("steps", "sum of steps", "steps by T", "rows", "sum of rows"):
            axis = 0 if "rows" in name else 1
            counts = mask.sum(axis)
            means = kept.sum(axis)[counts > 0] / counts[counts > 0]
            if name in ("steps", "rows"):
                return means.mean()
            return means.sum() / (T if name == "steps by T" else 1)
        if name == "all":
            return kept.mean()
        divisors = {"sum": 1, "batch": B, "by steps": T - 1, "by T": T}
        divisors |= {"real": self._real, "BOS": self._real + B, "no EOS": self._words}
        if name in divisors:
            return kept.sum() / divisors[name]
        mean = kept.sum() / mask.sum()
        if name == "exp":
            return mean.exp()
        return mean * {"times batch": B, "negative": -1}.get(name, 1)


def values(
    call: Seen, ids: Ids, most: int = 1, logits: Tensor | None = None
) -> Iterator[tuple[Kind, float]]:
    """What the loss would be with each of the mistakes, and with so many at once."""
    losses = Losses(call, ids, all_logits(call) if logits is None else logits)
    for kind in kinds(most):
        value = losses.of(kind)
        if value is not None and math.isfinite(number := value.item()):
            yield kind, number


def right_loss(logits: Tensor, target: Tensor, pad_id: int) -> float:
    """The mean over all targets that are not PAD."""
    gold = target.T[1:]
    tokens = cross_entropy(logits.flatten(0, 1), gold.flatten(), reduction="none").view(gold.shape)
    return tokens[gold != pad_id].mean().item()
