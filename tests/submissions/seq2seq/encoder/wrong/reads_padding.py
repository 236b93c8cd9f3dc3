# says: state after the last column, padding included
# costs: 0.21..0.23
# seen: pytorch/tutorials #3643; CSC401 submissions (3 of 20)
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        outputs, (h, c) = self.lstm(embedded)
        return outputs, (h, c)
