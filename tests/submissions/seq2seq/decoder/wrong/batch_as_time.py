# says: mind which dimension is the batch
# costs: 0.46..0.58
# seen: HHTseng/video-classification #42
# public: yes
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=False)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, (h, c) = self.lstm(embedded, tuple(s[:, :1].contiguous() for s in state))
        state = tuple(s.expand(-1, len(previous), -1).contiguous() for s in (h, c))
        return self.linear(outputs[:, 0]), state
