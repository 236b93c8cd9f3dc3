# says: a row of a batch gets another answer than the row alone
# costs: 0.16..0.16
# seen: Stable-Baselines-Team/stable-baselines3-contrib #111, timbmg/Sentence-VAE #15
# public: yes
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, state = self.lstm(embedded, state)
        h, c = (s.reshape(s.shape[1], s.shape[0], -1).transpose(0, 1).contiguous() for s in state)
        return self.linear(outputs[:, 0]), (h, c)
