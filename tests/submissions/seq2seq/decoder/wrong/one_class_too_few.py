# says: logits should have shape (B, V), got (B, V - 1)
# costs: 0.08..0.11
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size - 1)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, state = self.lstm(embedded, state)
        return self.linear(outputs[:, 0]), state
