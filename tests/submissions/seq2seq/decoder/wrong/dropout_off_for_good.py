# says: once it was in eval mode
# costs: 0.06..0.07
# seen: NVIDIA/Megatron-LM #411
# public: yes
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.p = dropout
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        self.p = self.p if self.training else 0.0
        embedded = F.dropout(self.embedding(previous), self.p).unsqueeze(1)
        outputs, state = self.lstm(embedded, state)
        return self.linear(outputs[:, 0]), state
