# says: by chance
# costs: 0.90..1.00
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        (B, S), L, H = source.shape, self.lstm.num_layers, self.lstm.hidden_size
        return torch.randn(B, S, H), (torch.randn(L, B, H), torch.randn(L, B, H))
