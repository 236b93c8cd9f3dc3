class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.layers = nn.ModuleList([nn.LSTM(size, hidden_dim, batch_first=True) for size in sizes])

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        packed = pack_padded_sequence(
            embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states = []
        for layer in self.layers:
            packed, state = layer(packed)
            states.append(state)
        outputs, h, c = packed, torch.cat([s[0] for s in states]), torch.cat([s[1] for s in states])
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        return outputs, (h, c)
