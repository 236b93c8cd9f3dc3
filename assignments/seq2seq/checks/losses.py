"""The loss of a training step, and what it would be with each well-known mistake."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from checks.expect import Wrong
from checks.steps import Seen


def expect_loss(call: Seen, target: Tensor, pad_id: int, eos_id: int) -> None:
    """Compare the loss with the mean over the tokens scored, and name a known other mean."""
    if abs(call.loss - right_loss(call.logits, target, pad_id)) < 1e-4:
        return
    for mistake, value in wrong_losses(call.logits, target, pad_id, eos_id).items():
        if abs(call.loss - value) < 1e-4:
            raise Wrong(
                mistake,
                "the loss is the sum of -log p over all targets that are not PAD, divided by "
                "their number in the whole batch; EOS counts, BOS does not",
            )
    raise Wrong(
        "the loss is not the mean of -log p over the batch's targets that are not PAD",
        "step t's logits are scored against target[:, t], t = 1 to T - 1, with pad_id left out "
        "and EOS counted; sum first, divide once; return the loss before the update",
    )


def token_losses(logits: Tensor, target: Tensor) -> Tensor:
    """The -log p of every target after BOS: (steps, batch)."""
    gold = target.T[1:]
    return cross_entropy(logits.flatten(0, 1), gold.flatten(), reduction="none").view(gold.shape)


def right_loss(logits: Tensor, target: Tensor, pad_id: int) -> float:
    """The mean over all targets that are not PAD."""
    return token_losses(logits, target)[target.T[1:] != pad_id].mean().item()


def wrong_losses(logits: Tensor, target: Tensor, pad_id: int, eos_id: int) -> dict[str, float]:
    """What the loss would be with each well-known mistake."""
    losses = token_losses(logits, target)  # (steps, batch)
    gold = target.T[1:]  # (steps, batch)
    real = gold != pad_id
    masked = losses * real
    T, B = len(target.T), len(target)
    by_step = masked.sum(1) / real.sum(1)  # (steps,)
    by_row = masked.sum(0) / real.sum(0)  # (batch,)
    inputs = target.T[:-1]  # (steps, batch), what a wrong loss may score instead
    echoed = cross_entropy(
        logits.flatten(0, 1), inputs.flatten(), ignore_index=pad_id, reduction="sum"
    )
    probabilities = token_losses(logits.softmax(2), target)
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
        "your loss counts BOS when it divides": masked.sum() / (real.sum() + B),
        "your loss leaves out the first word": losses[1:][real[1:]].mean(),
        "your loss leaves out the last step": losses[:-1][real[:-1]].mean(),
        "your loss leaves out id 0 instead of pad_id": losses[gold != 0].mean(),
        "your loss leaves nothing out but id 0, and divides by steps": masked.sum() / (T - 1),
        "your loss applies softmax before cross_entropy, which applies it again": probabilities[
            real
        ].mean(),
        "your loss scores each step against its input, not against the next token": echoed
        / real.sum(),
        "your loss has the wrong sign": -losses[real].mean(),
    }
    return {mistake: value.item() for mistake, value in values.items()}
