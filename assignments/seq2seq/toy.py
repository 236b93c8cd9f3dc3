"""A translator so small that you can calculate it by hand: only its last word decides the next."""

from collections.abc import Mapping

import torch
import torch.nn as nn
from torch import Tensor

# a toy vocabulary of five ids, and their letters; that padding is not 0 is intended
A, B, EOS, BOS, PAD = range(5)
LETTERS = ["a", "b", "EOS", "BOS", "PAD"]

Table = Mapping[str, Mapping[str, float]]  # previous token -> next token -> probability
State = tuple[Tensor, Tensor]


class ToyEncoder(nn.Module):
    """Remembers the first token of a source, which chooses the table."""

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, State]:
        """Return outputs (B, S, 1) and the state (h, c), each (1, B, 1)."""
        h = source[None, :, :1].float()  # (1, batch, 1)
        return source[:, :, None].float(), (h, h.clone())


class ToyDecoder(nn.Module):
    """Looks up the log-probabilities of the next token in a table."""

    def __init__(self, tables: Tensor) -> None:
        """Take log-probabilities (tables, V, V); they can be trained."""
        super().__init__()
        self.tables = nn.Parameter(tables)

    def forward(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Return log-probabilities (B, V) and the state as it was."""
        table = state[0][0, :, 0].long()  # (batch,)
        return self.tables[table, previous], state


def toy_decoder(*tables: Table) -> ToyDecoder:
    """Return the decoder for `tables`, written with LETTERS.

    A token that is missing in a row has probability 0. After a token without a row, all tokens
    are equally probable.
    """
    probabilities = torch.full((len(tables), len(LETTERS), len(LETTERS)), 1 / len(LETTERS))
    for number, table in enumerate(tables):
        for previous, row in table.items():
            probabilities[number, LETTERS.index(previous)] = 0.0
            for token, probability in row.items():
                indices = number, LETTERS.index(previous), LETTERS.index(token)
                probabilities[indices] = probability
    return ToyDecoder(probabilities.log())


def letters(tokens: list[int]) -> str:
    """Return toy tokens as letters.

    >>> letters([A, B, EOS])
    'a b EOS'
    """
    return " ".join(LETTERS[token] for token in tokens)
