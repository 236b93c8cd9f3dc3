class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        sizes = [hidden_dim, 7, 4, vocab_size]
        pairs = zip(sizes, sizes[1:])
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairs)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous))
        outputs, new = self.lstm(embedded.unsqueeze(1), state)
        h = outputs[:, 0]
        logits = h
        for layer in self.layers:
            logits = layer(logits)
        return logits, new
