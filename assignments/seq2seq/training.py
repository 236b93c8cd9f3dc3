"""Training: one loop for the translator and for every experiment of the lesson."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
import torch

from data.batches import Batch, batches, make_batch
from data.pairs import Pair
from data.vocabulary import Vocabulary

Model = Any  # the notebook's Seq2Seq: encoder, decoder and the three ids


@dataclass(frozen=True)
class Toolbox:
    """What every experiment needs: your five functions, two vocabularies and a device."""

    new_model: Callable[[], Model]  # a Seq2Seq with fresh weights, on `device`
    train_step: Callable[..., float]
    greedy_decode: Callable[..., list[list[int]]]
    beam_search: Callable[..., list[list[Any]]]  # hypotheses: tokens, log_prob, score
    source_vocabulary: Vocabulary
    target_vocabulary: Vocabulary
    device: torch.device | str = "cpu"

    def seeded_model(self, seed: int) -> Model:
        """Return a new model whose first weights depend on `seed` alone."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return self.new_model()

    def batch(self, pairs: Sequence[Pair], reverse_source: bool = False) -> Batch:
        """Return `pairs`, in their order, as one batch on the device."""
        return make_batch(
            pairs,
            self.source_vocabulary,
            self.target_vocabulary,
            device=self.device,
            reverse_source=reverse_source,
        )


class History(NamedTuple):
    """What a training run leaves behind."""

    steps: pd.DataFrame  # a row a step: step, loss
    epochs: pd.DataFrame  # a row an epoch: epoch, step, training loss, validation loss, seconds


def train(
    model: Model,
    tools: Toolbox,
    training_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    *,
    epochs: int,
    generator: torch.Generator,
    batch_size: int = 32,
    learning_rate: float = 4e-3,
    teacher_forcing_ratio: float = 1.0,
    reverse_source: bool = False,
    after_epoch: Callable[[int], None] = lambda epoch: None,
    title: str = "training",
) -> History:
    """Train `model` with Adam, the learning rate falling linearly to zero; a line an epoch.

    `generator`, on the CPU, shuffles the pairs. `after_epoch` is called with the number of epochs
    done, for what a run wants to measure on its way; its time is not counted in `seconds`.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    steps_an_epoch = -(-len(training_pairs) // batch_size)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, epochs * steps_an_epoch)
    losses: list[float] = []
    rows = []
    seconds = 0.0
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        for batch in batches(
            training_pairs,
            tools.source_vocabulary,
            tools.target_vocabulary,
            batch_size=batch_size,
            generator=generator,
            device=tools.device,
            reverse_source=reverse_source,
        ):
            loss = tools.train_step(model, optimizer, *batch, teacher_forcing_ratio)
            losses.append(float(loss))
            schedule.step()
        seconds += time.perf_counter() - start
        recent = losses[-steps_an_epoch:]
        row = {
            "epoch": epoch,
            "step": len(losses),
            "training loss": sum(recent) / len(recent),
            "validation loss": token_loss(model, tools, validation_pairs, reverse_source),
            "seconds": seconds,
        }
        rows.append(row)
        print(
            f"{title}: epoch {epoch} of {epochs}, training loss {row['training loss']:.2f}, "
            f"validation loss {row['validation loss']:.2f}, {seconds:.0f} s",
            flush=True,
        )
        after_epoch(epoch)
    steps = pd.DataFrame({"step": range(1, len(losses) + 1), "loss": losses})
    return History(steps, pd.DataFrame(rows))


def token_loss(
    model: Model, tools: Toolbox, pairs: Sequence[Pair], reverse_source: bool = False
) -> float:
    """Return the loss on `pairs` with teacher forcing, the model left as it is.

    It is your own training step that measures it: on a copy, with a learning rate of zero.
    """
    measured = copy.deepcopy(model)
    standing_still = torch.optim.SGD(measured.parameters(), lr=0.0)
    return float(tools.train_step(measured, standing_still, *tools.batch(pairs, reverse_source)))
