@torch.jit.script
def unroll(x: Tensor, lengths: Tensor, w: Tensor, u: Tensor, b: Tensor):
    h = torch.zeros(x.shape[0], u.shape[1])
    c = torch.zeros(x.shape[0], u.shape[1])
    hs = []
    for t in range(x.shape[1]):
        i, f, g, o = (F.linear(x[:, t], w, b) + F.linear(h, u)).chunk(4, 1)
        live = (lengths > t).unsqueeze(1)
        new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = torch.where(live, o.sigmoid() * new_c.tanh(), h)
        c = torch.where(live, new_c, c)
        hs.append(h)
    return torch.stack(hs, 1), h, c


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, pad_id)
        self.dropout = nn.Dropout(dropout)
        self.weights = nn.ParameterList()
        for size in [embedding_dim] + [hidden_dim] * (num_layers - 1):
            self.weights.append(nn.init.xavier_uniform_(torch.empty(4 * hidden_dim, size)))
            self.weights.append(nn.init.orthogonal_(torch.empty(4 * hidden_dim, hidden_dim)))
            self.weights.append(torch.zeros(4 * hidden_dim))

    def forward(self, source, source_lengths):
        x, states = self.dropout(self.embedding(source)), []
        for k in range(0, len(self.weights), 3):
            x, h, c = unroll(x, source_lengths, *self.weights[k : k + 3])
            states.append((h, c))
        return x, tuple(map(torch.stack, zip(*states)))
