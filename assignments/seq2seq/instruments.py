"""Instruments: modules put around your encoder or decoder, to change or to hear what passes."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from training import Model, Toolbox, standing_still

from data.pairs import Pair

State = tuple[Tensor, Tensor]


class Narrow(nn.Module):
    """Your encoder, of whose context only the first `size` numbers of h and of c get through.

    The others become zero. Encoder and decoder are as large as ever: only the way between them
    is narrower.
    """

    def __init__(self, encoder: nn.Module, size: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.size = size

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Return outputs (B, S, H) and the narrowed state (h, c), each (L, B, H)."""
        outputs, (h, c) = self.encoder(source, source_lengths)
        passes = torch.arange(h.shape[2], device=h.device) < self.size  # (hidden,)
        return outputs, (h * passes, c * passes)


class Listener(nn.Module):
    """Your decoder, with an ear at its output: `heard` holds the logits of every step."""

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
    """What a model would have said at every position of the right translations, (B, T - 1)."""

    right: Tensor  # bool: the argmax is the gold token
    counts: Tensor  # bool: the gold token is not padding


def listen(model: Model, tools: Toolbox, pairs: list[Pair], teacher_forcing_ratio: float) -> Heard:
    """Listen to your own training step, with a learning rate of zero, on a copy of the model.

    With ratio 1 every word is predicted after the right beginning, with 0 after the model's own.
    """
    copied, optimizer = standing_still(model)
    copied.decoder = Listener(copied.decoder)
    batch = tools.batch(pairs)
    tools.train_step(copied, optimizer, *batch, teacher_forcing_ratio)
    gold = batch.target[:, 1:]  # (batch, target_time - 1)
    said = torch.stack(copied.decoder.heard, dim=1).argmax(dim=2)  # (batch, target_time - 1)
    return Heard((said == gold).cpu(), (gold != copied.pad_id).cpu())
