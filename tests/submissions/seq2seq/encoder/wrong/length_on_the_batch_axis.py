# says: mind which dimension is the batch
# costs: 0.25..0.30
# seen: CSC401 submissions (1 of 20)
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        outputs, (h, c) = self.lstm(embedded)
        top = outputs[(source_lengths - 1).clamp(max=len(source) - 1), source_lengths - 1]
        h = torch.cat([h[:-1], top[None]])
        return outputs, (h, c)
