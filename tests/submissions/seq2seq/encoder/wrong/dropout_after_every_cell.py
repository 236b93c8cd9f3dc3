# says: dropping units of outputs
# costs: 0.05..0.05
# seen: OpenNMT-py #29
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.pad_id, self.hidden_dim = pad_id, hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.cells = nn.ModuleList(nn.LSTMCell(size, hidden_dim) for size in sizes)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        zeros = embedded.new_zeros(source.shape[0], self.hidden_dim)
        h, c = [zeros] * len(self.cells), [zeros] * len(self.cells)
        outputs = []
        for t in range(source.shape[1]):
            x = embedded[:, t]
            real = (t < source_lengths).unsqueeze(1)
            for i, cell in enumerate(self.cells):
                new_h, new_c = cell(x, (h[i], c[i]))
                h[i] = torch.where(real, new_h, h[i])
                c[i] = torch.where(real, new_c, c[i])
                x = self.dropout(h[i])
            outputs.append(x)
        return torch.stack(outputs, 1), (torch.stack(h), torch.stack(c))
