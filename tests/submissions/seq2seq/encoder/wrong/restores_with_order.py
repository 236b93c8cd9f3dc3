# says: a row gets the state of another row
# costs: 0.09..0.10
# seen: adisid001/Active-NLP #5; VainF/Torch-Pruning #321
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        source_lengths, order = source_lengths.sort()
        order = order.flip(0)
        source_lengths = source_lengths.flip(0)
        embedded = self.dropout(self.embedding(source[order]))
        packed = pack_padded_sequence(
            embedded, source_lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, (h, c) = self.lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        return outputs[order], (h[:, order], c[:, order])
