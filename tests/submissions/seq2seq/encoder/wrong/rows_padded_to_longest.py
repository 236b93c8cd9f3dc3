# says: one column for every column of source
# costs: 0.03..0.03
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        rows, hs, cs = [], [], []
        for row, length in zip(source, source_lengths.tolist()):
            out, (h, c) = self.lstm(self.dropout(self.embedding(row[None, :length])))
            rows.append(out[0])
            hs.append(h)
            cs.append(c)
        return pad_sequence(rows, batch_first=True), (torch.cat(hs, 1), torch.cat(cs, 1))
