from dataclasses import dataclass, field
from functools import partial, reduce


@dataclass
class Sizes:
    vocab: int
    embedding: int
    hidden: int
    layers: int


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.sizes = Sizes(vocab_size, embedding_dim, hidden_dim, num_layers)
        self.parts = nn.ModuleDict(
            {
                "look": nn.Embedding(
                    vocab_size, embedding_dim, _weight=torch.rand(vocab_size, embedding_dim) - 0.5
                ),
                "step": nn.LSTM(embedding_dim, hidden_dim, num_layers),
                "say": nn.Linear(hidden_dim, vocab_size),
            }
        )
        self.drop = partial(F.dropout, p=dropout)

    def forward(self, *arguments):
        previous, (h, c) = arguments
        assert previous.dim() == 1 and previous.dtype == torch.int64
        assert h.shape == c.shape == (self.sizes.layers, len(previous), self.sizes.hidden)
        x = self.drop(self.parts["look"](previous), training=self.training)
        y, (h, c) = self.parts["step"](
            x.reshape(1, len(previous), self.sizes.embedding), (h.clone(), c.clone())
        )
        return self.parts["say"](y.reshape(len(previous), -1)), (h, c)
