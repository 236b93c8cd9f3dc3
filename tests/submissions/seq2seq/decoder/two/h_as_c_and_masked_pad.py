# mistakes: h_as_c, masks_pad_logit
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, state = self.lstm(embedded, (state[0], state[0]))
        logits = self.linear(outputs[:, 0])
        logits[:, self.embedding.padding_idx] = -1e9
        return logits, state
