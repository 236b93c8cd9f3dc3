# says: the LSTM has num_layers layers
# costs: 0.19..0.20
# seen: wjko2/Domain-Agnostic-Sentence-Specificity-Prediction #13, wasiahmad/context_attentive_ir #10
# public: yes
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, state = self.lstm(embedded, state)
        return self.linear(outputs[:, 0]), state
