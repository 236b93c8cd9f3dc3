# says: the old h does not enter
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.gates = nn.ModuleList([nn.Linear(size + hidden_dim, 4 * hidden_dim) for size in sizes])
        self.hidden_dim = hidden_dim

    def forward(self, source, source_lengths):
        x = self.dropout(self.embedding(source))
        hs, cs = [], []
        for gates in self.gates:
            h = c = x.new_zeros(len(source), self.hidden_dim)
            outputs = []
            for t in range(source.shape[1]):
                i, f, o, g = gates(torch.cat([x[:, t], 0 * h], 1)).chunk(4, 1)
                new_c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                new_h = o.sigmoid() * new_c.tanh()
                real = (t < source_lengths)[:, None]
                h, c = torch.where(real, new_h, h), torch.where(real, new_c, c)
                outputs.append(h)
            x = torch.stack(outputs, 1)
            hs.append(h)
            cs.append(c)
        return x, (torch.stack(hs), torch.stack(cs))
