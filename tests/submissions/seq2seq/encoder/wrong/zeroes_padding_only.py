# says: a zero embedding is a token too
# costs: 0.20..0.22
# seen: keras-team/keras #1300
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        embedded = embedded * (torch.arange(source.shape[1], device=source.device) < source_lengths[:, None])[..., None]
        outputs, (h, c) = self.lstm(embedded)
        return outputs, (h, c)
