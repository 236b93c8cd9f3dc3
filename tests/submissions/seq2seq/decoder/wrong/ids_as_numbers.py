# says: an embedding (vocab_size, embedding_dim) is not among
# costs: 0.17..0.21
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Linear(1, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous.float().unsqueeze(1))).unsqueeze(1)
        outputs, state = self.lstm(embedded, state)
        return self.linear(outputs[:, 0]), state
