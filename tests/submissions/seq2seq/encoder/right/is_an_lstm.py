class Encoder(nn.LSTM):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.drop = nn.Dropout(dropout)

    def forward(self, source, source_lengths):
        packed = pack_padded_sequence(
            self.drop(self.embedding(source)), source_lengths.cpu(), True, enforce_sorted=False
        )
        outputs, state = super().forward(packed)
        return pad_packed_sequence(outputs, True, total_length=source.size(1))[0], state
