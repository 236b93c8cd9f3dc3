class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.w = nn.ParameterList([torch.randn(s, 4, hidden_dim) for s in sizes])
        self.u = nn.ParameterList([torch.randn(hidden_dim, 4, hidden_dim) for s in sizes])
        self.b = nn.Parameter(torch.zeros(num_layers, 4, hidden_dim))
        self.hidden_dim = hidden_dim

    def forward(self, source, source_lengths):
        x = self.dropout(self.embedding(source))
        hs, cs = [], []
        for w, u, b in zip(self.w, self.u, self.b):
            h = c = x.new_zeros(len(source), self.hidden_dim)
            outputs = []
            for t in range(source.shape[1]):
                i, f, o, g = (torch.einsum("be,egh->gbh", x[:, t], w) + torch.einsum("be,egh->gbh", h, u) + b[:, None])
                new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                new_h = o.sigmoid() * new_c.tanh()
                real = (t < source_lengths)[:, None]
                h, c = torch.where(real, new_h, h), torch.where(real, new_c, c)
                outputs.append(h)
            x = torch.stack(outputs, 1)
            hs.append(h)
            cs.append(c)
        return x, (torch.stack(hs), torch.stack(cs))
