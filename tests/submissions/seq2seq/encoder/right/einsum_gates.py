class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.table = nn.Parameter(torch.randn(vocab_size, embedding_dim) * 0.3)
        self.p, self.L, self.H = dropout, num_layers, hidden_dim
        bound = hidden_dim**-0.5
        for k in range(num_layers):
            n = embedding_dim if k == 0 else hidden_dim
            for name, shape in {"W": (4, hidden_dim, n), "U": (4, hidden_dim, hidden_dim), "b": (4, hidden_dim)}.items():
                self.register_parameter(f"{name}{k}", nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

    def layer(self, k, x, mask):
        W, U, b = (getattr(self, f"{n}{k}") for n in "WUb")
        wx = torch.einsum("bse,ghe->bsgh", x, W) + b
        h = c = x.new_zeros(x.shape[0], self.H)
        hs = []
        for t in range(x.shape[1]):
            z = wx[:, t] + torch.einsum("bh,gkh->bgk", h, U)
            o, f, i = z[:, :3].sigmoid().unbind(1)
            m = mask[:, t]
            c_new = f * c + i * z[:, 3].tanh()
            c = m * c_new + (1 - m) * c
            h = m * (o * c_new.tanh()) + (1 - m) * h
            hs.append(h)
        return torch.stack(hs, dim=1), h, c

    def forward(self, source, source_lengths):
        steps = torch.arange(source.shape[1], device=source.device)
        mask = (steps[None] < source_lengths[:, None]).to(self.table.dtype)[..., None]
        x = F.dropout(self.table[source], self.p, self.training)
        states = []
        for k in range(self.L):
            x, h, c = self.layer(k, x, mask)
            states.append((h, c))
        h, c = (torch.stack(part) for part in zip(*states))
        return x, (h, c)
