class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.pad_id = pad_id
        self.table = nn.Parameter(torch.randn(vocab_size, embedding_dim))
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.table[previous] * (previous != self.pad_id).unsqueeze(1)
        outputs, state = self.lstm(self.dropout(embedded).unsqueeze(0), state)
        return self.linear(outputs[0]), state
