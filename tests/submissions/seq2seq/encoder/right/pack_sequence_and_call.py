class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def __call__(self, source, source_lengths):
        longest = int(source_lengths.max())
        embedded = self.dropout(self.embedding(source[:, :longest]))
        packed = nn.utils.rnn.pack_sequence(
            [row[:n] for row, n in zip(embedded, source_lengths)], enforce_sorted=False
        )
        y, state = self.lstm(packed)
        y = pad_sequence(nn.utils.rnn.unpack_sequence(y), batch_first=True)
        filler = y.new_zeros(len(y), source.shape[1] - longest, y.shape[2])
        return torch.cat([y, filler], 1), state

    forward = __call__
