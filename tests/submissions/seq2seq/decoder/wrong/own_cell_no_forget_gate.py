# says: c' = f * c + i * g
# costs: 0.15..0.20
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.gates = nn.ModuleList([nn.Linear(size + hidden_dim, 4 * hidden_dim) for size in sizes])
        self.output = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        x, hs, cs = self.dropout(self.embedding(previous)), [], []
        for gates, h, c in zip(self.gates, *state):
            i, f, o, g = gates(torch.cat([x, h], 1)).chunk(4, 1)
            c = c + i.sigmoid() * g.tanh()
            x = o.sigmoid() * c.tanh()
            hs.append(x)
            cs.append(c)
        return self.output(x), (torch.stack(hs), torch.stack(cs))
