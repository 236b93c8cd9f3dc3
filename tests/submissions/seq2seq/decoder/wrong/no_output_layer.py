# says: the output layer from hidden_dim to vocab_size is missing
# costs: 0.40..0.47
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.output = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        h, c = state
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, (new_h, new_c) = self.lstm(embedded, (h, c))
        logits = outputs.squeeze(1)
        return logits, (new_h, new_c)
