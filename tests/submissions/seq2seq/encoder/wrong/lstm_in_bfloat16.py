# says: compute in float32
# costs: 0.08..0.09
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        with torch.autocast(source.device.type, dtype=torch.bfloat16):
            outputs, (h, c) = self.lstm(embedded)
        outputs, h, c = outputs.float(), h.float(), c.float()
        for row, length in enumerate(source_lengths.tolist()):
            with torch.autocast(source.device.type, dtype=torch.bfloat16):
                _, (one_h, one_c) = self.lstm(embedded[row : row + 1, :length])
            h[:, row], c[:, row] = one_h[:, 0].float(), one_c[:, 0].float()
        return outputs, (h, c)
