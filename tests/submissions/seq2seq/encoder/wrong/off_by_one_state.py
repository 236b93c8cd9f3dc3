# says: one token late
# costs: 0.16..0.17
# seen: yandexdataschool/Practical_RL #558
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        at = source_lengths.clamp(max=source.shape[1] - 1)
        outputs, (h, c) = self.lstm(embedded)
        short = pack_padded_sequence(embedded, (at + 1).clamp(max=source.shape[1]).cpu(), batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(short)
        return outputs, (h, c)
