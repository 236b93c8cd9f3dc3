# says: are not scaled up
# costs: 0.04..0.05
# seen: tinygrad/tinygrad #170
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.p = dropout
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.embedding(previous).unsqueeze(1)
        if self.training:
            embedded = embedded * (torch.rand_like(embedded) > self.p)
        outputs, state = self.lstm(embedded, state)
        return self.linear(outputs[:, 0]), state
