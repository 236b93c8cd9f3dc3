# says: dropout on the logits themselves
# costs: 0.09..0.10
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.project = nn.Linear(hidden_dim, embedding_dim)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous))
        outputs, new = self.lstm(embedded.unsqueeze(1), state)
        h = outputs[:, 0]
        logits = self.dropout(F.linear(self.project(h), self.embedding.weight))
        return logits, new
