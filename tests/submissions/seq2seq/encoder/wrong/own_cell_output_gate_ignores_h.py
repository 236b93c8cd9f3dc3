# says: the output gate does not read the old h
# costs: 0.12..0.13
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.gates = nn.ModuleList(nn.Linear(n + hidden_dim, 4 * hidden_dim) for n in sizes)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        zeros = embedded.new_zeros(source.shape[0], self.hidden_dim)
        h, c = [zeros] * len(self.gates), [zeros] * len(self.gates)
        outputs = []
        for t in range(source.shape[1]):
            x = embedded[:, t]
            real = (t < source_lengths).unsqueeze(1)
            for k, gates in enumerate(self.gates):
                i, f, g, o = gates(torch.cat([x, h[k]], 1)).chunk(4, 1)
                new_c = f.sigmoid() * c[k] + i.sigmoid() * g.tanh()
                o = gates(torch.cat([x, torch.zeros_like(h[k])], 1)).chunk(4, 1)[3]
                new_h = o.sigmoid() * new_c.tanh()
                h[k] = torch.where(real, new_h, h[k])
                c[k] = torch.where(real, new_c, c[k])
                x = h[k]
            outputs.append(x)
        return torch.stack(outputs, 1), (torch.stack(h), torch.stack(c))
