class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.pad_id, self.hidden_dim = pad_id, hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.cells = nn.ModuleList(nn.LSTMCell(size, hidden_dim) for size in sizes)


    def forward(self, source, source_lengths):
        x = self.dropout(self.embedding(source))
        B, S, L = *source.shape, len(self.cells)
        zero = x.new_zeros(B, self.hidden_dim)
        state = {(k, -1): (zero, zero) for k in range(L)}
        for diagonal in range(S + L - 1):
            for k in range(max(0, diagonal - S + 1), min(L, diagonal + 1)):
                t = diagonal - k
                below = state[k - 1, t][0] if k else x[:, t]
                state[k, t] = self.cells[k](below, state[k, t - 1])
        n, row = (source_lengths - 1).tolist(), range(B)
        h, c = (
            torch.stack([torch.stack([state[k, n[b]][i][b] for b in row]) for k in range(L)])
            for i in (0, 1)
        )
        return torch.stack([state[L - 1, t][0] for t in range(S)], 1), (h, c)
