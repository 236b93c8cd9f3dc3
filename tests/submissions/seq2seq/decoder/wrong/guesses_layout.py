# says: whatever its size
# costs: 0.07..0.08
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.num_layers = num_layers
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        h, c = state
        if h.shape[1] == self.num_layers:  # (B, L, H)
            h, c = h.transpose(0, 1).contiguous(), c.transpose(0, 1).contiguous()
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, state = self.lstm(embedded, (h, c))
        return self.linear(outputs[:, 0]), state
