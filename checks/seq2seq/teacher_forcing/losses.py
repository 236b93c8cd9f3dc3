"""The loss of a training step, and what it would be with each well-known mistake."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from checks.expect import Wrong, expect

from ..shared.precision import DIGITS, PRECISION
from .steps import Seen

MEAN = (
    "the loss is the sum of -log p over all targets that are not PAD, divided by their number in "
    "the whole batch; EOS counts, BOS does not"
)
HELP = {  # where another word helps more
    "your loss takes logits for log-probabilities": "F.cross_entropy takes logits; F.nll_loss "
    "wants logits.log_softmax(dim=1)",
    "your loss applies softmax before cross_entropy, which applies it again": "give cross_entropy "
    "the logits as they come from the decoder",
    "your loss gives probabilities to nll_loss, which wants their logarithms": "log_softmax, not "
    "softmax, or F.cross_entropy on the logits",
    "your loss pairs logits with targets of other rows or steps": "torch.stack(logits, dim=1) is "
    "(B, T - 1, V), as target[:, 1:] is (B, T - 1): flatten both in the same order",
    "your loss leaves out what comes after a predicted EOS": "in training nothing special happens "
    "after a predicted EOS: all targets that are not PAD are scored",
    "your loss leaves out where EOS is predicted": "in training nothing special happens at a "
    "predicted EOS: all targets that are not PAD are scored",
    "your train_step returns exp(loss), the perplexity": "return loss.item()",
    "your loss smooths the labels": "F.cross_entropy without label_smoothing",
    "your train_step returns the loss times the batch size": "return loss.item()",
    "your loss is that of the last step alone": "sum over all steps before you divide",
}


def expect_loss(call: Seen, target: Tensor, pad_id: int, eos_id: int) -> None:
    """Compare the loss with the mean over the tokens scored, and name a known other mean."""
    right = right_loss(call.logits, target, pad_id)
    if abs(call.loss - right) < 1e-4:
        return
    if abs(call.loss - right) < 0.06 and call.loss == round(call.loss, 3):
        raise Wrong("the loss comes back rounded", "return loss.item() as it is; round to print")
    for mistake, value in wrong_losses(call.logits, target, pad_id, eos_id).items():
        if math.isclose(call.loss, value, rel_tol=1e-5, abs_tol=1e-4):
            helps = [text for start, text in HELP.items() if mistake.startswith(start)]
            raise Wrong(mistake, (helps or [MEAN])[0])
    p = (-token_losses(call.logits, target)[target.T[1:] != pad_id].double()).exp()  # (tokens,)
    for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12):
        if abs(call.loss + (p + eps).log().mean().item()) < 1e-4:
            raise Wrong(
                "your loss adds a small number to p before it takes the logarithm",
                "F.log_softmax, or F.cross_entropy, is exact for improbable words too",
            )
    of_batch = call.logits[:, :, : int(target.max()) + 1]  # (steps, batch, ids up to the largest)
    expect(
        abs(call.loss - right_loss(of_batch, target, pad_id)) > 1e-4,
        "your loss knows only the ids up to the largest of the batch, not the whole vocabulary",
        "take the logits as the decoder gives them",
    )
    expect(
        abs(call.loss - right) > DIGITS * right,
        "the loss is right to about two digits only",
        PRECISION,
    )
    raise Wrong(
        "the loss is not the mean of -log p over the batch's targets that are not PAD",
        "step t's logits are scored against target[:, t], t = 1 to T - 1, with pad_id left out "
        "and EOS counted; sum first, divide once; return this batch's loss before the update",
        guess=True,
    )


def token_losses(logits: Tensor, target: Tensor) -> Tensor:
    """The -log p of every target after BOS: (steps, batch)."""
    gold = target.T[1:]
    return cross_entropy(logits.flatten(0, 1), gold.flatten(), reduction="none").view(gold.shape)


def right_loss(logits: Tensor, target: Tensor, pad_id: int) -> float:
    """The mean over all targets that are not PAD."""
    return token_losses(logits, target)[target.T[1:] != pad_id].mean().item()


def wrong_losses(logits: Tensor, target: Tensor, pad_id: int, eos_id: int) -> dict[str, float]:
    """What the loss would be with each well-known mistake, where it can be made."""
    values = wrong_means(logits, target, pad_id, eos_id)
    values |= wrong_scores(logits, target, pad_id)
    values |= wrong_after_eos(logits, target, pad_id, eos_id)
    finite = {mistake: value.item() for mistake, value in values.items()}
    return {mistake: value for mistake, value in finite.items() if math.isfinite(value)}


def wrong_means(logits: Tensor, target: Tensor, pad_id: int, eos_id: int) -> dict[str, Tensor]:
    """Right scores, wrongly left out, counted or divided."""
    losses = token_losses(logits, target)  # (steps, batch)
    gold = target.T[1:]  # (steps, batch)
    real = gold != pad_id
    masked = losses * real
    T, B = len(target.T), len(target)
    by_step = masked.sum(1) / real.sum(1)  # (steps,)
    by_row = masked.sum(0) / real.sum(0)  # (batch,)
    values = {
        "your loss counts PAD as a target": losses.mean(),
        "your loss leaves PAD out of the sum, but divides by all positions": masked.mean(),
        "your loss is a mean for each step, averaged over steps": by_step.mean(),
        "your loss is the sum of each step's mean": by_step.sum(),
        "your loss is the sum of each step's mean divided by T": by_step.sum() / T,
        "your loss counts PAD, in a sum of each step's mean": losses.mean(1).sum(),
        "your loss counts PAD, in a sum of each step's mean divided by T": losses.mean(1).sum() / T,
        "your loss is a mean for each row, averaged over rows": by_row.mean(),
        "your loss is a sum, not a mean": masked.sum(),
        "your loss is divided by the batch size, not by the number of tokens": masked.sum() / B,
        "your loss ignores EOS": losses[real & (gold != eos_id)].mean(),
        "your loss leaves EOS out when it divides": masked.sum() / (real & (gold != eos_id)).sum(),
        "your loss counts BOS when it divides": masked.sum() / (real.sum() + B),
        "your loss leaves out the first word": losses[1:][real[1:]].mean(),
        "your loss leaves out the last step": losses[:-1][real[:-1]].mean(),
        "your loss is that of the last step alone": losses[-1][real[-1]].mean(),
        "your loss is divided by the number of steps, not of tokens": masked.sum() / (T - 1),
        "your loss counts PAD in the sum, though not when it divides": losses.sum() / real.sum(),
        "your train_step returns the loss times the batch size": losses[real].mean() * B,
        "your loss has the wrong sign": -losses[real].mean(),
        "your train_step returns exp(loss), the perplexity": losses[real].mean().exp(),
    }
    if pad_id != 0:
        kept, chosen = losses[gold != 0], gold != 0
        steps = (losses * chosen).sum(1) / chosen.sum(1)
        values["your loss leaves out id 0 instead of pad_id"] = kept.mean()
        values["your loss leaves out id 0 instead of pad_id in the sum"] = kept.sum() / real.sum()
        values["your loss leaves out id 0 instead of pad_id, and averages over steps"] = (
            steps.mean()
        )
    return values


def wrong_scores(logits: Tensor, target: Tensor, pad_id: int) -> dict[str, Tensor]:
    """The right mean of wrong scores."""
    gold, V = target.T[1:], logits.shape[2]  # (steps, batch)
    real = gold != pad_id

    def scored(scores: Tensor) -> Tensor:
        return scores.gather(2, gold[..., None])[..., 0][real].mean()

    def paired(one: Tensor, other: Tensor) -> Tensor:
        return cross_entropy(one.reshape(-1, V), other.reshape(-1), ignore_index=pad_id)

    echoed = cross_entropy(
        logits.flatten(0, 1), target.T[:-1].flatten(), ignore_index=pad_id, reduction="sum"
    )
    smoothed = 0.9 * -scored(logits.log_softmax(2)) - 0.1 * logits.log_softmax(2)[real].mean()
    values = {
        "your loss scores each step against its input, not against the next token": echoed
        / real.sum(),
        "your loss applies softmax before cross_entropy, which applies it again": token_losses(
            logits.softmax(2), target
        )[real].mean(),
        "your loss takes logits for log-probabilities": -scored(logits),
        "your loss smooths the labels": smoothed,
        "your loss gives probabilities to nll_loss, which wants their logarithms": -scored(
            logits.softmax(2)
        ),
    }
    if len(target) > 1:  # with one row there is one order only
        values["your loss pairs logits with targets of other rows or steps"] = paired(
            logits, target[:, 1:]
        )
    return values


def wrong_after_eos(logits: Tensor, target: Tensor, pad_id: int, eos_id: int) -> dict[str, Tensor]:
    """The mean without the rows that have predicted EOS, where some have too early."""
    losses, real = token_losses(logits, target), target.T[1:] != pad_id  # (steps, batch)
    here = (logits.argmax(2) == eos_id).cumsum(0) > 0
    before = torch.cat([torch.zeros_like(here[:1]), here[:-1]])
    values = {}
    for ended, mistake in (
        (before, "your loss leaves out what comes after a predicted EOS"),
        (here, "your loss leaves out where EOS is predicted, and all after it"),
    ):
        if bool((ended & real).any()):
            kept = losses[real & ~ended]
            values[mistake] = kept.mean()
            values[f"{mistake}, but counts it when it divides"] = kept.sum() / real.sum()
    return values
