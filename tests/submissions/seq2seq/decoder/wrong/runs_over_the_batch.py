# says: one row of logits for each sentence
# costs: 0.23..0.24
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers)
        self.output = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        h, c = state
        embedded = self.dropout(self.embedding(previous)).unsqueeze(0)
        outputs, (new_h, new_c) = self.lstm(embedded, (h, c))
        logits = self.output(outputs[-1:, -1])
        return logits, (new_h, new_c)
