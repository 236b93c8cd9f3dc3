"""Training: one loop for the translator and for every experiment of the lesson."""

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import torch

from data.batches import Batch, batches, make_batch
from data.pairs import Pair, tokenize
from data.vocabulary import Vocabulary

Model = Any  # the notebook's Seq2Seq: encoder, decoder and the three ids

BATCH_SIZE = 64  # a batch of twice as many takes 1.5 times as long: most time goes into the steps
LEARNING_RATE = 7e-3  # at the beginning; falls linearly to zero


class Toolbox:
    """What every experiment needs: your five functions, two vocabularies and a device."""

    def __init__(
        self,
        new_model: Callable[[], Model],
        names: Mapping[str, Any],
        source_vocabulary: Vocabulary,
        target_vocabulary: Vocabulary,
        device: torch.device | str = "cpu",
    ) -> None:
        """Take a function that makes a model on `device`, and the notebook's `globals()`."""
        self.new_model = new_model
        self.train_step: Callable[..., float] = names.get("train_step", _not_written)
        self.greedy_decode: Callable[..., list[list[int]]] = names.get(
            "greedy_decode", _not_written
        )
        # hypotheses: tokens, log_prob, score
        self.beam_search: Callable[..., list[list[Any]]] = names.get("beam_search", _not_written)
        self.source_vocabulary = source_vocabulary
        self.target_vocabulary = target_vocabulary
        self.device = device

    def seeded_model(self, seed: int) -> Model:
        """Return a new model whose first weights depend on `seed` alone."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self.new_model()

    def batch(self, pairs: Sequence[Pair], reverse_source: bool = True) -> Batch:
        """Return `pairs`, in their order, as one batch on the device."""
        return make_batch(
            pairs,
            self.source_vocabulary,
            self.target_vocabulary,
            device=self.device,
            reverse_source=reverse_source,
        )


def _not_written(*arguments: Any, **more: Any) -> Any:
    raise NotImplementedError("not written yet")


def train(
    model: Model,
    tools: Toolbox,
    training_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    *,
    epochs: int,
    generator: torch.Generator,
    short_first: Sequence[int] = (),
    batch_size: int = BATCH_SIZE,
    learning_rate: float = LEARNING_RATE,
    teacher_forcing_ratio: float = 1.0,
    reverse_source: bool = True,
    after_epoch: Callable[[int], None] = lambda epoch: None,
    title: str = "training",
) -> pd.DataFrame:
    """Train `model` with Adam, and print one line for each epoch.

    The learning rate falls linearly to zero. `short_first` adds epochs before the others: each
    of its numbers is the largest number of source tokens in that epoch. `generator`, on the CPU,
    shuffles the pairs. `after_epoch` is called after each epoch, with its number, to measure
    something; its time is not counted in `seconds`.

    Returns:
        One row for each step: step, epoch, loss. The last row of an epoch also has `training
        loss` (the mean of the epoch), `validation loss`, and the `seconds` of training so far.
    """
    # fused: one pass over the weights instead of about twelve, which saves time in every step
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    lengths = [len(tokenize(pair.source)) for pair in training_pairs]
    lessons = [
        [pair for pair, length in zip(training_pairs, lengths, strict=True) if length <= longest]
        for longest in (*short_first, *[max(lengths)] * epochs)
    ]
    lessons = [pairs for pairs in lessons if pairs]
    steps = sum(-(-len(pairs) // batch_size) for pairs in lessons)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    rows: list[dict[str, float]] = []
    seconds = 0.0
    for epoch, pairs in enumerate(lessons, start=1):
        start, done = time.perf_counter(), len(rows)
        for batch in batches(
            pairs,
            tools.source_vocabulary,
            tools.target_vocabulary,
            batch_size=batch_size,
            generator=generator,
            device=tools.device,
            reverse_source=reverse_source,
        ):
            loss = tools.train_step(model, optimizer, *batch, teacher_forcing_ratio)
            rows.append({"step": len(rows) + 1, "epoch": epoch, "loss": float(loss)})
            schedule.step()
        seconds += time.perf_counter() - start
        training_loss = sum(row["loss"] for row in rows[done:]) / (len(rows) - done)
        validation_loss = token_loss(model, tools, validation_pairs, reverse_source)
        rows[-1] |= {
            "training loss": training_loss,
            "validation loss": validation_loss,
            "seconds": seconds,
        }
        print(
            f"{title}: epoch {epoch} of {len(lessons)}, training loss {training_loss:.2f}, "
            f"validation loss {validation_loss:.2f}, {seconds:.0f} s",
            flush=True,
        )
        after_epoch(epoch)
    return pd.DataFrame(rows)


def token_loss(
    model: Model, tools: Toolbox, pairs: Sequence[Pair], reverse_source: bool = True
) -> float:
    """Return the loss per token on `pairs`, with teacher forcing; the model does not change."""
    measured, optimizer = frozen_copy(model)
    return float(tools.train_step(measured, optimizer, *tools.batch(pairs, reverse_source), 1.0))


def frozen_copy(model: Model) -> tuple[Model, torch.optim.Optimizer]:
    """Return a copy of `model`, and an optimizer for it whose learning rate is zero."""
    copied = copy.deepcopy(model)
    return copied, torch.optim.SGD(copied.parameters(), lr=0.0)
