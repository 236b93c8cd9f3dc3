# says: fewer weights get a gradient
# costs: 0.14..0.19
# seen: ARM-software/CMSIS-NN #181: forget gate where the input gate is meant
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.gates = nn.ModuleList(nn.Linear(size + hidden_dim, 4 * hidden_dim) for size in sizes)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        x = self.dropout(self.embedding(previous))
        new_h, new_c = [], []
        for gates, h, c in zip(self.gates, *state):
            i, f, o, g = gates(torch.cat([x, h], dim=1)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(f) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            new_h.append(h)
            new_c.append(c)
            x = h
        return self.linear(x), (torch.stack(new_h), torch.stack(new_c))
