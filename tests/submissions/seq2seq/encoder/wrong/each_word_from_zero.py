# says: from a zero state
# costs: 0.65..1.00
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        (B, S), L, H = source.shape, self.lstm.num_layers, self.lstm.hidden_size
        outputs, (h, c) = self.lstm(embedded.reshape(B * S, 1, -1))
        last = torch.arange(B, device=source.device), source_lengths - 1
        h, c = (x.reshape(L, B, S, H)[:, last[0], last[1]] for x in (h, c))
        return outputs.reshape(B, S, H), (h, c)
