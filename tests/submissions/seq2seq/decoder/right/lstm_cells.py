class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.cells = nn.ModuleList([nn.LSTMCell(size, hidden_dim) for size in sizes])
        self.output = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        x, states = self.dropout(self.embedding(previous)), []
        for cell, h, c in zip(self.cells, *state):
            x, c = cell(x, (h, c))
            states.append((x, c))
        h, c = (torch.stack(part) for part in zip(*states))
        return self.output(x), (h, c)
