# says: a zero embedding is a token too
# costs: 0.17..0.19
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        S = source.shape[1]
        column = torch.arange(S, device=source.device)
        shift = S - source_lengths.unsqueeze(1)  # so that each sentence ends in the last column
        real = column < source_lengths.unsqueeze(1)
        source = torch.where(real, source, torch.full_like(source, self.embedding.padding_idx))
        moved = source.gather(1, (column - shift) % S)
        outputs, (h, c) = self.lstm(self.dropout(self.embedding(moved)))
        back = ((column + shift) % S).unsqueeze(2).expand_as(outputs)
        return outputs.gather(1, back), (h, c)
