"""The loss of a training step: the one that is returned, and the one that is trained on.

The gradients of the output layer, the decoder's last, tell which loss was trained on, whatever is
wrong with the steps before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import Tensor

from checks.closed import own
from checks.expect import Wrong, mended

from ..shared.precision import DIGITS, PRECISION
from .kinds import (
    MOST,
    PAD_ID_0,
    TRUE,
    Ids,
    Kind,
    Losses,
    Price,
    all_logits,
    kinds,
    loss_of,
    values,
)
from .steps import Seen, flattened, has_gradients

MEAN = (
    "the loss is the sum of -log p over all targets that are not PAD, divided by their number in "
    "the whole batch; EOS counts, BOS does not"
)
HELP = {  # where another word helps more
    "takes logits for log-probabilities": "F.cross_entropy takes logits; F.nll_loss "
    "wants logits.log_softmax(dim=1)",
    "applies softmax before cross_entropy, which applies it again": "give cross_entropy "
    "the logits as they come from the decoder",
    "gives probabilities to nll_loss, which wants their logarithms": "log_softmax, not "
    "softmax, or F.cross_entropy on the logits",
    "knows only the ids up to the largest of the batch, not the whole vocabulary": "take the "
    "logits as the decoder gives them",
    "adds a small number to p before it takes the logarithm": "F.log_softmax, or "
    "F.cross_entropy, is exact for improbable words too",
    "pairs logits with targets of other rows or steps": "torch.stack(logits, dim=1) is "
    "(B, T - 1, V), as target[:, 1:] is (B, T - 1): flatten both in the same order",
    "leaves out what comes after a predicted EOS": "in training nothing special happens "
    "after a predicted EOS: all targets that are not PAD are scored",
    "leaves out where EOS is predicted, and all after it": "in training nothing special happens "
    "at a predicted EOS: all targets that are not PAD are scored",
    "is exp(loss), the perplexity": "return loss.item()",
    "smooths the labels": "F.cross_entropy without label_smoothing",
    "is multiplied by the batch size": "return loss.item()",
    "is that of the last step alone": "sum over all steps before you divide",
}
SURE = 2  # mistakes that a loss is searched for by its value alone


CLIPS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 1e6)  # to which gradients may be clipped


@dataclass(frozen=True)
class Found:
    """Which loss is trained on; how often it, if it is trained on a multiple of it."""

    kind: Kind
    times: float  # of the right loss, where it is that one but for a number


def expect_loss(call: Seen, pad_id: int, eos_id: int) -> None:
    """Compare the loss with the mean over the tokens scored, and name a known other loss.

    What is trained on is told by the gradients. A right one and another number returned breaks the
    line of what is returned alone.
    """
    ids = Ids(pad_id, eos_id)
    trained = trained_on(call, ids)
    right = trained is not None and trained.kind is TRUE
    exact = right and trained is not None and trained.times == 1.0
    told = worth(call, ids, 1 if exact else MOST)
    if told is TRUE:
        if trained is not None:
            if not call.earlier:  # else they may be added up
                expect_once(trained.times)
            if not right:
                raise charged(trained.kind, pad_id, "what is returned is right, but ")
        return
    other = trained is not None and not right
    if near(call, ids) and not other and not (exact and rounded(call)):
        raise Wrong(
            "the loss is right to about two digits only", PRECISION, line="loss", share=0.25
        )
    if exact:
        returned(call, ids, told)
        return
    if told is not None:
        raise charged(told, pad_id)
    if trained is not None:
        expect_other_divisor(call, ids, trained.times)
        returned(call, ids, None)
        if not right:
            raise charged(trained.kind, pad_id)
        return
    raise Wrong(
        "the loss is not the mean of -log p over the batch's targets that are not PAD",
        "step t's logits are scored against target[:, t], t = 1 to T - 1, with pad_id left out "
        "and EOS counted; sum first, divide once; return this batch's loss before the update",
        guess=True,
    )


def expect_once(times: float) -> None:
    """The gradients are not those of two or three backwards."""
    if any(abs(times - count) < 2e-3 for count in (2, 3)):
        raise Wrong(
            f"the gradients are {own(round(times))} times those of the loss",
            "one backward, from the loss that is returned",
            line="update",
            share=0.43,
        )


def expect_other_divisor(call: Seen, ids: Ids, times: float) -> None:
    """The loss is not the right one times some number."""
    right = loss_of(TRUE, call, ids)
    if right is None or call.loss is None or not right.item():
        return
    if abs(call.loss / right.item() / times - 1) < 2e-3:
        raise Wrong(
            "your loss has the right terms, but their sum is divided by another number than that "
            "of the targets",
            MEAN,
            line="loss",
            share=0.5,
        )


def charged(kind: Kind, pad_id: int, before: str = "") -> Wrong:
    """A loss with known mistakes, each charged on the line that it breaks."""
    prices = [PAD_ID_0 if pad_id == 0 and "PAD as" in p.says else p for p in kind.mistakes]
    says = f"{before}your loss {', and '.join(price.says for price in prices)}"
    help = next((HELP[price.says] for price in prices if price.says in HELP), MEAN)
    lines = list(dict.fromkeys(price.line for price in prices))
    for line in lines[:-1]:
        mended(says, help, line=line, share=joint(prices, line))
    return Wrong(says, help, line=lines[-1], share=joint(prices, lines[-1]))


def joint(prices: list[Price], line: str) -> float:
    """What several mistakes cost of one line, which they can break but once."""
    left = math.prod(1.0 - price.share for price in prices if price.line == line)
    return round(1.0 - left, 3)


def returned(call: Seen, ids: Ids, kind: Kind | None) -> None:
    """Another number comes back than that of the loss which is trained on."""
    right = loss_of(TRUE, call, ids)
    line, help = "result", "return loss.item(), of the loss that backward started from"
    if call.loss is None or right is None:
        return
    if kind is not None and kind.mistakes:
        says = kind.mistakes[0].says
        mended(f"what is returned is not the loss, but one that {says}", help, line=line, share=0.8)
    elif rounded(call) and abs(call.loss - right.item()) < 0.06:
        mended(
            "the loss comes back rounded",
            "return loss.item() as it is; round only what you print",
            line=line,
            share=0.4,
        )
    else:
        mended("what is returned is not the loss of this batch", help, line=line, share=1.0)


def rounded(call: Seen) -> bool:
    """Whether the loss has but a few decimal places."""
    return call.loss is not None and call.loss == round(call.loss, 3)


def near(call: Seen, ids: Ids) -> bool:
    """Whether the loss is right to about two digits."""
    right = loss_of(TRUE, call, ids)
    if right is None or call.loss is None:
        return False
    return abs(call.loss - right.item()) <= DIGITS * right.item()


def worth(call: Seen, ids: Ids, most: int = MOST) -> Kind | None:
    """The loss whose value came back, None if none that is known."""
    right = loss_of(TRUE, call, ids)
    if right is None or call.loss is None:
        return None
    if abs(call.loss - right.item()) < 1e-4:
        return TRUE
    if not call.whole:  # what the steps left out may be counted all the same
        part = loss_of(Kind(mean="real"), call, ids)
        if part is not None and abs(call.loss - part.item()) < 1e-4:
            return TRUE
    heads = heads_of(call)
    for kind in worth_of(call, ids, most):
        if kind in kinds(1) or (not heads and kind in kinds(SURE)):
            return kind
        if trains(heads, kind, call, ids):
            return kind
    return None


def kind_of(call: Seen, ids: Ids) -> Kind | None:
    """The loss that is trained on, else the one whose value came back, None if none is known."""
    trained = trained_on(call, ids)
    return worth(call, ids) if trained is None else trained.kind


def has_added(call: Seen, ids: Ids) -> bool:
    """Whether the gradients are those of the call's loss once those of the call before are off."""
    own = trained_on(replace(call, earlier={}), ids)
    return own is None and trained_on(call, ids) is not None


def trained_on(call: Seen, ids: Ids) -> Found | None:
    """The loss whose gradients the output layer has; None if it has none of any known."""
    heads = heads_of(call)
    wanted = head_of(TRUE, call, ids)
    whole = 1.0 if call.whole else counted_part(call, ids)
    for slopes in heads:
        times = multiple(slopes, wanted)
        if times is not None:
            exact = min(abs(times - 1), abs(times / whole - 1)) < 2e-3
            return Found(TRUE if exact else counted(times, call, ids), 1.0 if exact else times)
    if heads:
        for kind in chain(worth_of(call, ids, MOST), kinds(1)):
            if trains(heads, kind, call, ids):
                return Found(kind, 1.0)
    return None


def counted_part(call: Seen, ids: Ids) -> float:
    """How many of the targets the steps that were made score; what divides may count them all."""
    return int((call.gold != ids.pad_id).sum()) / int((call.target[:, 1:] != ids.pad_id).sum())


def trains(heads: list[list[Tensor]], kind: Kind, call: Seen, ids: Ids) -> bool:
    """Whether the output layer's gradients are those of a loss of some kind."""
    wanted = head_of(kind, call, ids) if heads else None
    factors = [multiple(slopes, wanted) for slopes in heads]
    return any(factor is not None and factor > 0 for factor in factors)


def counted(times: float, call: Seen, ids: Ids) -> Kind:
    """Of losses that differ by a number alone, the one with this multiple of the right gradients.

    Where the gradients are clipped to some number, the multiple says nothing.
    """
    size = flattened(call.gradients).norm().item()
    if abs(times - 1) < 2e-3 or any(abs(size - clip) < 1e-3 * clip for clip in CLIPS):
        return TRUE
    right = loss_of(TRUE, call, ids)
    if times < 0:
        return Kind(mean="negative")
    if right is None or right.item() == 0:
        return TRUE
    for kind, value in values(call, ids, 1):
        one_number = kind.mean in ("sum", "batch", "no EOS", "BOS", "by steps", "by T", "all")
        if one_number and abs(value / right.item() / times - 1) < 2e-3:
            return kind
    return TRUE


def worth_of(call: Seen, ids: Ids, most: int) -> Iterator[Kind]:
    """The losses whose value came back, the simplest first."""
    if call.loss is not None:
        for kind, value in values(call, ids, most):
            if math.isclose(call.loss, value, rel_tol=1e-5, abs_tol=1e-4):
                yield kind


def heads_of(call: Seen) -> list[list[Tensor]]:
    """The gradients of the output layer, bias first, if there are any.

    If they are added to those of the call before, with the same weights, the difference is meant.
    """
    if not has_gradients(call):
        return []
    found = [call.gradients.get(f"decoder.{name}") for name in ("bias", "output")]
    kept = [call.earlier.get(f"decoder.{name}") for name in ("bias", "output")]
    slopes = [slope for slope in found if isinstance(slope, Tensor)]
    if len(slopes) < len(found) or not bool(slopes[0].any()):
        return []
    if not all(bool(slope.isfinite().all()) for slope in slopes):
        return []
    added = [a - b for a, b in zip(slopes, kept, strict=True) if isinstance(b, Tensor)]
    return [slopes, added] if len(added) == len(slopes) and bool(added[0].any()) else [slopes]


def head_of(kind: Kind, call: Seen, ids: Ids) -> list[Tensor] | None:
    """What the gradients of the output layer are with a loss of some kind."""
    logits = all_logits(call).detach().clone().requires_grad_()
    loss = Losses(call, ids, logits).of(kind)
    if loss is None or not loss.requires_grad:
        return None
    (slopes,) = torch.autograd.grad(loss, logits)  # (steps, batch, vocabulary)
    steps = [*call.decoder, *call.more][: len(slopes)]
    graphs = torch.tensor([bool((step.get("graph") or [True])[-1]) for step in steps])
    slopes = slopes * graphs[:, None, None]
    tops = torch.stack([top(step["new_h"]) for step in steps])  # (steps, batch, hidden)
    return [slopes.sum((0, 1)), torch.einsum("tbh,tbv->hv", tops, slopes)]


def top(h: Tensor) -> Tensor:
    """What the toy's output layer reads of h, (layers, batch, hidden): layers weighed by depth."""
    return (h * torch.arange(1.0, len(h) + 1)[:, None, None]).sum(0)


def multiple(got: list[Tensor], wanted: list[Tensor] | None) -> float | None:
    """How often the gradients wanted were got, None if these point elsewhere; of the bias first.

    Each tensor may have a factor of its own, since some clip them one by one.
    """
    if wanted is None:
        return None
    found = []
    for one, other in zip(got, wanted, strict=True):
        a, b = one.flatten().double(), other.flatten().double()
        if float(b.norm()) < 1e-6 and float(a.norm()) < 1e-5:
            continue
        factor = float(a @ b / (b @ b))
        if float((a - factor * b).norm()) > 2e-3 * float(a.norm()):
            return None
        found.append(factor)
    if not found or any(factor * found[0] <= 0 for factor in found):
        return None
    return found[0]
