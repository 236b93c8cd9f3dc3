"""What an LSTM of known weights gives: independent of the solution, never sent to a submission."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autograder.suites.memory import remembered

State = tuple[Tensor, Tensor]
Row = tuple[Tensor, Tensor, Tensor]

CONFIG: dict[str, Any] = {  # sizes that no two kinds of parameter share
    "vocab_size": 13,
    "embedding_dim": 3,
    "hidden_dim": 5,
    "num_layers": 2,
    "dropout": 0.4,
    "pad_id": 7,
}

LOUD = {"seed": 3, "scale": 0.7}


@remembered
def constant_lstm(config: dict[str, Any], value: float, biases: int) -> nn.LSTM:
    """An LSTM all of whose weights are `value`, with one or two bias vectors (or none)."""
    sizes = (config["embedding_dim"], config["hidden_dim"], config["num_layers"])
    lstm = nn.LSTM(*sizes, batch_first=True, bias=biases > 0)
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            second_of_one = biases == 1 and name.startswith("bias_hh")
            parameter.fill_(0.0 if second_of_one else value)
    return lstm


def encode_rows(lstm: nn.LSTM, table: Tensor, source: Tensor, lengths: Tensor) -> list[Row]:
    """Each row alone: outputs (length, H), h and c (L, H)."""
    rows = []
    for row, length in zip(source, lengths.tolist(), strict=True):
        outputs, (h, c) = lstm(table[row[:length]][None])
        rows.append((outputs[0], h[:, 0], c[:, 0]))
    return rows


@remembered
def constant_rows(
    config: dict[str, Any],
    value: float,
    biases: int,
    table: Tensor,
    source: Tensor,
    lengths: Tensor,
) -> list[Row]:
    """The same by an LSTM all of whose weights are `value`."""
    return encode_rows(constant_lstm(config, value, biases), table, source, lengths)


def decode_step(lstm: nn.LSTM, table: Tensor, previous: Tensor, h: Tensor, c: Tensor) -> State:
    """The new state after one step from an embedding matrix (V, E)."""
    state: State = lstm(table[previous][:, None], (h, c))[1]
    return state


def fewest_weights(config: dict[str, Any]) -> int:
    """How many weights the LSTM of the contract has with one bias vector a layer."""
    E, H, L = config["embedding_dim"], config["hidden_dim"], config["num_layers"]
    return 4 * H * (E + H + 1) + (L - 1) * 4 * H * (2 * H + 1)
