# says: keep nothing of it on self
# costs: 0.18..0.20
# seen: JulesBelveze/text-summarizer #8
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        packed = pack_padded_sequence(
            embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, (h, c) = self.lstm(packed, self.last if len(source) == getattr(self, 'rows', 0) else None)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        self.last, self.rows = (h.detach(), c.detach()), len(source)
        return outputs, (h, c)
