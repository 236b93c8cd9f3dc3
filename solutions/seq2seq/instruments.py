"""Modules put around your encoder or decoder, to change the context or to record the logits."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from training import Model, Toolbox, frozen_copy

from data.pairs import Pair

State = tuple[Tensor, Tensor]


class Narrow(nn.Module):
    """Your encoder, but only the first `size` numbers of h and of c reach the decoder.

    The others are set to zero. Encoder and decoder keep their sizes. Only the context between
    them is smaller.
    """

    def __init__(self, encoder: nn.Module, size: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.size = size

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Return outputs (B, S, H) and the narrowed state (h, c), each (L, B, H)."""
        outputs, (h, c) = self.encoder(source, source_lengths)
        kept = torch.arange(h.shape[2], device=h.device) < self.size  # (hidden,)
        return outputs, (h * kept, c * kept)


class Listener(nn.Module):
    """Your decoder, with a record of its output: `heard` holds the logits of every step."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder
        self.heard: list[Tensor] = []  # each (B, V)

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Return what the decoder returns."""
        logits, state = self.decoder(previous, state)
        self.heard.append(logits.detach())
        return logits, state


class Heard(NamedTuple):
    """What a model predicts at every position of the right translations, each (B, T - 1)."""

    right: Tensor  # bool: the argmax is the gold token
    counts: Tensor  # bool: the gold token is not padding


def listen(model: Model, tools: Toolbox, pairs: list[Pair], teacher_forcing_ratio: float) -> Heard:
    """Record what a copy of the model predicts in one call of your `train_step`.

    The learning rate is zero, so nothing is learned. With ratio 1 every word is predicted after
    the right beginning, with ratio 0 after the model's own words.
    """
    copied, optimizer = frozen_copy(model)
    copied.decoder = Listener(copied.decoder)
    batch = tools.batch(pairs)
    tools.train_step(copied, optimizer, *batch, teacher_forcing_ratio)
    gold = batch.target[:, 1:]  # (batch, target_time - 1)
    said = torch.stack(copied.decoder.heard, dim=1).argmax(dim=2)  # (batch, target_time - 1)
    return Heard((said == gold).cpu(), (gold != copied.pad_id).cpu())
