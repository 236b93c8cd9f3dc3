# aim: each answer right and just within its time, all together an afternoon
# pays: time
# honest: 1
import time


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        dropout = dropout if num_layers > 1 else 0.0
        self.lstm = nn.LSTM(
            embedding_dim, hidden_dim, num_layers, batch_first=True, dropout=dropout
        )

    def forward(self, source, source_lengths):
        time.sleep(0.25)
        packed = pack_padded_sequence(
            self.dropout(self.embedding(source)),
            source_lengths.cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        outputs, state = self.lstm(packed)
        outputs, _ = pad_packed_sequence(
            outputs, batch_first=True, total_length=source.shape[1]
        )
        return outputs, state
