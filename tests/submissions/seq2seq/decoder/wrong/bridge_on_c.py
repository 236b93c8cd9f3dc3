# says: c' = f * c + i * g
# costs: 0.14..0.16
# seen: OpenNMT/OpenNMT-py #1521: a bridge (there between encoder and decoder)
# public: yes
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)
        self.bridge = nn.Linear(hidden_dim, hidden_dim)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, state = self.lstm(embedded, (state[0], self.bridge(state[1])))
        return self.linear(outputs[:, 0]), state
