class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.E = nn.Parameter(torch.randn(vocab_size, embedding_dim) * 0.1)
        self.W = nn.ParameterList(
            [
                torch.randn(4, hidden_dim, hidden_dim if n else embedding_dim) * 0.2
                for n in range(num_layers)
            ]
        )
        self.U = nn.Parameter(torch.randn(num_layers, 4, hidden_dim, hidden_dim) * 0.2)
        self.b = nn.Parameter(torch.zeros(num_layers, 4, 1, hidden_dim))
        self.V = nn.Parameter(torch.randn(hidden_dim, vocab_size) * 0.2)
        self.v = nn.Parameter(torch.zeros(1, vocab_size))
        self.drop = nn.Dropout(dropout)

    def forward(self, previous, state):
        h, c = (part.unbind(0) for part in state)
        x, out_h, out_c = self.drop(self.E[previous]), [], []
        for n, w in enumerate(self.W):
            z = (
                torch.einsum("ghe,be->gbh", w, x)
                + torch.einsum("ghk,bk->gbh", self.U[n], h[n])
                + self.b[n]
            )
            i, f, o = z[:3].sigmoid()
            out_c += [f * c[n] + i * z[3].tanh()]
            out_h += [x := o * out_c[-1].tanh()]
        return torch.einsum("bh,hv->bv", x, self.V) + self.v, (
            torch.stack(out_h),
            torch.stack(out_c),
        )
