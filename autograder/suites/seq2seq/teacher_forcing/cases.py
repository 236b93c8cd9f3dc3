"""What the hidden checks of `train_step` feed it: drawn afresh, and decisive for every salt."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from autograder.suites.memory import drawn_once
from checks.seq2seq.teacher_forcing.kinds import Ids, right_loss, values
from checks.seq2seq.teacher_forcing.steps import Seen

from .oracle import Batch, Gradients, Toy, draw_batch, draw_weights, free_run, run, train_steps

V, H = 11, 4
IDS = {"pad_id": 6, "bos_id": 2, "eos_id": 9}
HUGE = 1e6  # a clip that never acts
TRIES = 500  # a draw accepted one time in ten fails every try once in 10 ** 22

TrainingCase = tuple[Gradients, Batch]

# With this seed `random`, numpy and torch all toss below 0.01 and above 0.99 within 40 tosses, so
# that a ratio of 0 or 1 that is not exact shows.
EXTREME_SEED, EXTREME_TOSSES = 10515, 40


def step_of(batch: Batch, teacher_forcing_ratio: float = 1.0, clip: float = HUGE) -> dict[str, Any]:
    """The keyword arguments of train_step, all of them."""
    return {**tensors_of(batch), "teacher_forcing_ratio": teacher_forcing_ratio, "clip": clip}


def tensors_of(batch: Batch) -> dict[str, Any]:
    """The keyword arguments of train_step that have no default."""
    names = ("source", "source_lengths", "target")
    return {name: getattr(batch, name) for name in names}


def draw_until(
    generator: torch.Generator,
    name: str,
    draw: Callable[[], TrainingCase],
    good: Callable[[Gradients, Batch], bool],
) -> TrainingCase:
    """The first case that is good; `name` says what is drawn, for the memory."""

    def first() -> TrainingCase:
        for _ in range(TRIES):
            case = draw()
            if good(*case):
                return case
        raise RuntimeError(f"{name}: no case was good: its conditions contradict each other")

    return copy.deepcopy(drawn_once(generator, name, first))  # a check changes its weights


def draw_words(generator: torch.Generator, counts: list[int]) -> Batch:
    """A batch without the word 0 but with the largest id.

    What a hard-coded id 0 does, or a vocabulary read off the batch, is a matter of the loss alone.
    """
    batch = draw_batch(generator, V, IDS, counts)
    batch.target[batch.target == 0] = 1
    if max(counts) > 0:
        batch.target[counts.index(max(counts)), 1] = V - 1
    return batch


def draw_case(generator: torch.Generator, counts: list[int]) -> TrainingCase:
    """Weights and a batch; EOS is never the favourite, which is a matter of its own."""
    weights = draw_weights(generator, V, H)
    weights["bias"][IDS["eos_id"]] -= 100.0
    return weights, draw_words(generator, counts)


def draw_loss_case(
    generator: torch.Generator, counts: list[int], ids: dict[str, int]
) -> TrainingCase:
    """A case in which each well-known wrong loss differs from the right one.

    The largest word is not in the batch, so that the vocabulary cannot be read off it. Some words
    are so unlikely that log(p + 1e-8) is not log(p). A row, but never all, has EOS as its favourite
    before its end.
    """
    words = sorted(set(range(V)) - set(ids.values()))

    def draw() -> TrainingCase:
        batch = draw_batch(generator, V, ids, counts)
        for tensor in (batch.source, batch.target):
            tensor[tensor == words[-1]] = words[0]
        weights = draw_weights(generator, V, H)
        weights["output"] *= 3.0
        weights["bias"][[ids["eos_id"], words[-1]]] += 2.0
        return weights, batch

    return draw_until(
        generator,
        f"loss {counts} {ids}",
        draw,
        lambda weights, batch: telling(weights, batch, ids),
    )


def telling(weights: Gradients, batch: Batch, ids: dict[str, int]) -> bool:
    """Whether wrong losses differ from the right one, with gold and with predicted inputs."""
    with torch.no_grad():
        runs = [run(Toy(weights), batch, gold) for gold in (True, False)]
    ends = [logits.argmax(2)[:-1] == ids["eos_id"] for logits in runs]  # (steps - 1, batch)
    if any(bool(end.all(1).any()) or not bool(end.any()) for end in ends):
        return False
    gold = batch.target.T[1:]  # (steps, batch)
    known = int(batch.target.max()) + 1  # were this the whole vocabulary, the loss would differ
    for logits in runs:
        right = right_loss(logits, batch.target, ids["pad_id"])
        wrong = wrong_losses(logits, batch, ids)
        if "after EOS" not in wrong or any(abs(value - right) < 5e-3 for value in wrong.values()):
            return False
        if (
            known < V
            and right - right_loss(logits[..., :known], batch.target, ids["pad_id"]) < 5e-3
        ):
            return False
    scores = log_softmax(runs[0], 2).gather(2, gold[..., None])[..., 0]
    return bool((scores[gold != ids["pad_id"]] < -15.0).any())


def wrong_losses(logits: Tensor, batch: Batch, ids: dict[str, int]) -> dict[str, float]:
    """What the loss would be with each mistake that is always one, by its name."""
    steps = len(logits)
    inputs = torch.cat([batch.target.T[:1], logits.argmax(2)[:-1]])  # if they are its own words
    call = as_seen(batch, logits, inputs)
    found = {}
    for kind, value in values(call, Ids(ids["pad_id"], ids["eos_id"])):
        name = kind.scores or kind.pairs or kind.mask or kind.mean
        rare = name.startswith("plus") or name in ("cut", "real", "no BOS", "late", "input")
        if name and not rare and steps > 1:
            found[name] = value
    return found


def as_seen(batch: Batch, logits: Tensor, inputs: Tensor) -> Seen:
    """A call that gave such logits, (steps, batch, vocabulary), of which nothing else is asked."""
    gold = batch.target.T[1:]
    nothing: dict[str, Any] = {"encoder": {}, "decoder": [], "more": [], "updates": [], "left": {}}
    nothing |= {"given": {}, "weights": {}, "batch": {}, "before": {}, "after": {}, "earlier": {}}
    return Seen(
        loss=None,
        target=batch.target,
        gold=gold,
        inputs=inputs,
        dtypes=set(),
        logits=logits,
        whole=True,
        **nothing,
    )


def draw_free_running(generator: torch.Generator) -> TrainingCase:
    """Left to itself, the toy says EOS early and then goes on with words, mostly not gold."""

    def draw() -> TrainingCase:
        weights, batch = draw_weights(generator, V, H), draw_words(generator, [5, 2, 6, 4])
        weights["bias"][IDS["eos_id"]] += 1.5
        weights["bias"][[IDS["pad_id"], IDS["bos_id"]]] -= 100.0
        return weights, batch

    return draw_until(generator, "free running", draw, says_eos_early)


def says_eos_early(weights: Gradients, batch: Batch) -> bool:
    """The condition on a case that shows what happens after a predicted EOS."""
    said, margin = free_run(weights, batch)  # (steps, batch)
    ended = said == IDS["eos_id"]
    resumed = (ended[:-2] & ~ended[1:-1]).any(0)  # a row's EOS, then another input to come
    other = (said != batch.target.T[1:]).float().mean()
    varied = len(set(said.flatten().tolist())) > 3
    return bool(resumed.sum() >= 2 and other > 0.6) and varied and margin > 1e-2


def always_says(generator: torch.Generator, token: int) -> TrainingCase:
    """A toy whose favourite is one token, whatever it reads."""
    weights = draw_weights(generator, V, H)
    weights["bias"][token] += 100.0
    return weights, draw_words(generator, [3, 5])


def draw_steep(generator: torch.Generator, counts: list[int], least: float) -> TrainingCase:
    """A case whose gradient has at least the norm `least`."""

    def steep(weights: Gradients, batch: Batch) -> bool:
        update = next(train_steps(weights, [batch], IDS["pad_id"], [HUGE], [True], "SGD", 0.1))
        return update.norm > least

    name = f"steep {counts} {least}"
    return draw_until(generator, name, lambda: draw_case(generator, counts), steep)


def draw_unsorted(generator: torch.Generator) -> TrainingCase:
    """Lengths in no order, all below the source's width, and words where the source is padded."""
    weights, batch = draw_case(generator, [5, 2, 4])
    words = torch.tensor([i for i in range(V) if i not in IDS.values()])
    drawn = torch.randint(len(words), batch.source.shape, generator=generator)
    lengths = torch.tensor([3, 5, 1])
    return weights, Batch(words[drawn], lengths, batch.target)
