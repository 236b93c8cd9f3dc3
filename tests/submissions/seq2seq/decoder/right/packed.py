class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        packed = pack_padded_sequence(embedded, torch.ones(len(previous), dtype=torch.int64), batch_first=True)
        packed, state = self.lstm(packed, state)
        return self.linear(packed.data), state
