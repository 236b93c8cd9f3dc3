@torch.jit.script
def lstm_step(x: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor):
    gates = torch.cat([x, h], dim=1) @ w + b
    i, f, g, o = gates.chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim + hidden_dim] + [2 * hidden_dim] * (num_layers - 1)
        self.w = nn.ParameterList([torch.randn(s, 4 * hidden_dim) / s**0.5 for s in sizes])
        self.b = nn.ParameterList([torch.zeros(4 * hidden_dim) for _ in sizes])
        self.out = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        x = self.dropout(self.embedding(previous))
        done = []
        for h, c, w, b in zip(*state, self.w, self.b):
            done.append(lstm_step(x, h, c, w, b))
            x = done[-1][0]
        hs, cs = zip(*done)
        return self.out(x), (torch.stack(hs), torch.stack(cs))
