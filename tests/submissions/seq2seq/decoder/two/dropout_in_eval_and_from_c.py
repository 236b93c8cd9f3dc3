# mistakes: dropout_in_eval, logits_from_c
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = F.dropout(self.embedding(previous), 0.3).unsqueeze(1)
        outputs, (h, c) = self.lstm(embedded, state)
        return self.linear(c[-1]), (h, c)
