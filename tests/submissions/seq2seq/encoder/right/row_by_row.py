class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        runs = [self.lstm(row[None, :n]) for row, n in zip(embedded, source_lengths.tolist())]
        outputs = embedded.new_zeros(len(source), source.shape[1], self.lstm.hidden_size)
        for row, (out, _) in enumerate(runs):
            outputs[row, : out.shape[1]] = out[0]
        h = torch.cat([state[0] for _, state in runs], 1)
        c = torch.cat([state[1] for _, state in runs], 1)
        return outputs, (h, c)
