# says: not an affine function of the new top-layer h
# costs: 0.11..0.14
# seen: an output layer with a hidden layer, as in many tutorials
# public: yes
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.first = nn.Linear(hidden_dim, 2 * hidden_dim)
        self.output = nn.Linear(2 * hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous))
        outputs, new = self.lstm(embedded.unsqueeze(1), state)
        h = outputs[:, 0]
        logits = self.output(self.first(h).relu())
        return logits, new
