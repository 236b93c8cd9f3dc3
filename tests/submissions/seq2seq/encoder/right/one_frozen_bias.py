class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.unused = nn.Linear(hidden_dim, 3)
        self.register_buffer("calls", torch.zeros(1))
        for name, p in self.lstm.named_parameters():
            if "bias_hh" in name:
                p.requires_grad_(False).zero_()  # one bias vector is enough
            elif "bias" in name:
                nn.init.zeros_(p)
                with torch.no_grad():
                    p[hidden_dim : 2 * hidden_dim].fill_(1.0)
            elif "weight_hh" in name:
                nn.init.orthogonal_(p)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        packed = pack_padded_sequence(
            embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, (h, c) = self.lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        return outputs, (h, c)
