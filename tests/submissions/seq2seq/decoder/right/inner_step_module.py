class OneStep(nn.Module):
    def __init__(self, *sizes, **options):
        super().__init__()
        self.lstm = nn.LSTM(*sizes, **options)

    def __call__(self, x, state):
        y, state = self.lstm(x.unsqueeze(0), state)
        return y.squeeze(0), state


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        self.step = OneStep(embedding_dim, hidden_dim, num_layers)
        self.to_words = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        top, state = self.step(self.dropout(self.embedding(previous)), state)
        logits = self.to_words(top)
        return logits - logits.max(dim=1, keepdim=True).values, state
