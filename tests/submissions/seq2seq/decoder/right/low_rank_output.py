class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.down = nn.Parameter(torch.randn(hidden_dim, 2))
        self.up = nn.Parameter(torch.randn(2, vocab_size))

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous))
        outputs, new = self.lstm(embedded.unsqueeze(1), state)
        h = outputs[:, 0]
        logits = h @ (self.down @ self.up)
        return logits, new
