# says: source_lengths is changed by encoding it
# costs: 0.05..0.07
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        packed = pack_padded_sequence(
            self.dropout(self.embedding(source)), source_lengths.cpu(), True, enforce_sorted=False
        )
        outputs, state = self.lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, True, total_length=source.shape[1])
        source_lengths -= 1  # index of the last word
        return outputs, state
