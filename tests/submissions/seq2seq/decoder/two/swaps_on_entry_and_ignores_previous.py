# mistakes: swaps_on_entry, ignores_previous
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(torch.zeros_like(previous))).unsqueeze(1)
        c, h = state
        outputs, state = self.lstm(embedded, (h, c))
        return self.linear(outputs[:, 0]), state
