class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        packed = pack_padded_sequence(embedded, source_lengths.cpu(), True, False)
        y, (h, c) = self.lstm(packed)
        y, lengths = pad_packed_sequence(y, True, total_length=source.shape[1])
        beyond = (torch.arange(y.shape[1])[None, :] >= lengths[:, None]).to(source.device)
        y = torch.where(beyond[..., None], h[-1][:, None, :], y)  # holds the last state
        return y, (h, c)
