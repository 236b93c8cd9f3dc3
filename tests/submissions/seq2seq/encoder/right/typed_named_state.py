from __future__ import annotations

from dataclasses import dataclass


class Memory(NamedTuple):
    h: Tensor
    c: Tensor


@dataclass(frozen=True)
class Sizes:
    vocab: int
    embedding: int
    hidden: int
    layers: int


class _Base(nn.Module):
    sizes: Sizes

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def pack(self, x: Tensor, lengths: Tensor) -> nn.utils.rnn.PackedSequence:
        return pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)


class Encoder(_Base):
    def __init__(self, vocab_size: int, embedding_dim: int, hidden_dim: int, num_layers: int,
                 dropout: float = 0.0, pad_id: int = 0) -> None:
        super().__init__()
        self.sizes = Sizes(vocab_size, embedding_dim, hidden_dim, num_layers)
        self.rate = dropout
        self.register_buffer("pad", torch.tensor(pad_id), persistent=False)
        self.add_module("E", nn.Embedding(vocab_size, embedding_dim))
        self.add_module("R", nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True))

    def forward(self, source: Tensor, source_lengths: Tensor) -> tuple[Tensor, Memory]:
        beyond = torch.arange(source.shape[1], device=self.device) >= source_lengths[:, None]
        clean = source.masked_fill(beyond, int(self.pad))
        x = nn.functional.dropout(self.E(clean), p=self.rate, training=self.training)
        y, state = self.R(self.pack(x, source_lengths))
        y, _ = pad_packed_sequence(y, batch_first=True, padding_value=-1e9, total_length=source.shape[1])
        return y, Memory(*state)
