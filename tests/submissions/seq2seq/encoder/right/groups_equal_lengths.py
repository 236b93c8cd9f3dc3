import itertools


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        lengths = source_lengths.tolist()
        B, S, L, H = *source.shape, self.lstm.num_layers, self.lstm.hidden_size
        outputs = embedded.new_full((B, S, H), 1e6)
        h, c = embedded.new_empty(L, B, H), embedded.new_empty(L, B, H)
        for n, rows in itertools.groupby(sorted(range(B), key=lengths.__getitem__), key=lengths.__getitem__):
            rows = list(rows)
            outputs[rows, :n], (h[:, rows], c[:, rows]) = self.lstm(embedded[rows, :n])
        return outputs, (h, c)
