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
        zeros = embedded.new_zeros(len(source), self.hidden_dim)
        start = [(zeros, zeros) for _ in self.cells]
        tops, states = self.read(embedded, source_lengths, start)
        h, c = zip(*states)
        return torch.stack(tops, 1), (torch.stack(h), torch.stack(c))

    def read(self, embedded, left, states):
        if embedded.shape[1] == 0:
            return [], states
        x, after = embedded[:, 0], []
        for cell, old in zip(self.cells, states):
            new = cell(x, old)
            after.append(tuple(torch.where(left[:, None] > 0, n, o) for n, o in zip(new, old)))
            x = new[0]
        tops, last = self.read(embedded[:, 1:], left - 1, after)
        return [x, *tops], last
