# says: with weights of their own
# costs: 0.05..0.06
# seen: ddbourgin/numpy-ml #42
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.gates = nn.ModuleList(
            nn.Linear(n + hidden_dim, 4 * hidden_dim, bias=False) for n in sizes
        )
        self.biases = nn.ParameterList(torch.zeros(hidden_dim) for _ in sizes)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        zeros = embedded.new_zeros(source.shape[0], self.hidden_dim)
        h, c = [zeros] * len(self.gates), [zeros] * len(self.gates)
        outputs = []
        for t in range(source.shape[1]):
            x = embedded[:, t]
            real = (t < source_lengths).unsqueeze(1)
            for k, gates in enumerate(self.gates):
                i, f, g, o = (
                    part + self.biases[k]
                    for part in gates(torch.cat([x, h[k]], 1)).chunk(4, 1)
                )
                new_c = f.sigmoid() * c[k] + i.sigmoid() * g.tanh()
                new_h = o.sigmoid() * new_c.tanh()
                h[k] = torch.where(real, new_h, h[k])
                c[k] = torch.where(real, new_c, c[k])
                x = h[k]
            outputs.append(x)
        return torch.stack(outputs, 1), (torch.stack(h), torch.stack(c))
