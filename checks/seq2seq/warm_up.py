"""What the process that submissions are forks of does once, before the first of them."""

from __future__ import annotations

import torch
from torch import nn


def warm_up() -> None:
    """Train something: torch imports a good part of itself on first use."""
    model = nn.LSTM(1, 1, num_layers=2, dropout=0.5)
    optimizer = torch.optim.Adam(model.parameters())
    packed = nn.utils.rnn.pack_padded_sequence(torch.ones(2, 1, 1), torch.tensor([2]))
    loss = model(packed)[0].data.sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
