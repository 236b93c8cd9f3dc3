class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim, *[hidden_dim] * (num_layers - 1)]
        self.gates = nn.ModuleList([nn.Linear(size + hidden_dim, 4 * hidden_dim) for size in sizes])
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def one(self, x, h, c):
        """One row: x (E,), h and c (L, H)."""
        new = []
        for layer, gates in enumerate(self.gates):
            i, f, g, o = gates(torch.cat([x, h[layer]])).split(h.shape[1])
            cell = f.sigmoid() * c[layer] + i.sigmoid() * g.tanh()
            x = o.sigmoid() * cell.tanh()
            new.append(torch.stack([x, cell]))
        return self.linear(x), torch.stack(new, dim=1)

    def forward(self, previous, state):
        x = self.dropout(self.embedding(previous))
        logits, new = torch.vmap(self.one, in_dims=(0, 1, 1), out_dims=(0, 2))(x, *state)
        return logits, tuple(new)
