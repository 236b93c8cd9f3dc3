class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.weight = nn.Parameter(torch.randn(vocab_size, hidden_dim))
        self.bias = nn.Parameter(torch.zeros(vocab_size))

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous))
        outputs, new = self.lstm(embedded.unsqueeze(1), state)
        h = outputs[:, 0]
        logits = torch.einsum("bh,vh->bv", h, self.weight) + self.bias
        return logits, new
