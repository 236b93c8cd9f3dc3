class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        rows = []
        for b in range(len(previous)):
            out, (h, c) = self.lstm(embedded[b : b + 1], tuple(s[:, b : b + 1].contiguous() for s in state))
            rows.append((self.linear(out[:, 0]), h, c))
        logits, h, c = zip(*rows)
        return torch.cat(logits), (torch.cat(h, dim=1), torch.cat(c, dim=1))
