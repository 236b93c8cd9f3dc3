# says: the state of the layers below is not
# costs: 0.16..0.17
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        outputs, (h, c) = self.lstm(self.dropout(self.embedding(source)))
        last = (source_lengths - 1).view(-1, 1, 1).expand(-1, 1, outputs.shape[2])
        h = torch.cat([h[:-1], outputs.gather(1, last).transpose(0, 1)])
        return outputs, (h, c)
