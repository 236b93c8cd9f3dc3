# says: an embedding (vocab_size, embedding_dim) is not among
# costs: 0.06..0.08
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = torch.randn(vocab_size, embedding_dim, requires_grad=True)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding[previous]).unsqueeze(1)
        outputs, state = self.lstm(embedded, state)
        return self.linear(outputs[:, 0]), state
