# says: each other layer the new h of the layer below
# costs: 0.17..0.17
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.cells = nn.ModuleList(nn.LSTMCell(size, hidden_dim) for size in sizes)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        x = self.dropout(self.embedding(previous))
        hs, cs = [], []
        for cell, h, c in zip(self.cells, *state):
            old = h
            h, c = cell(x, (h, c))
            hs.append(h)
            cs.append(c)
            top, x = h, old
        return self.linear(top), (torch.stack(hs), torch.stack(cs))
