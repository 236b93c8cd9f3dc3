# says: a row gets the state of another row
# costs: 0.12..0.12
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        lengths = source_lengths.tolist()
        order = [lengths.index(n) for n in sorted(lengths, reverse=True)]
        ranked = sorted(lengths, reverse=True)
        back = [ranked.index(n) for n in lengths]
        embedded = self.dropout(self.embedding(source[order]))
        packed = pack_padded_sequence(embedded, torch.tensor(ranked), batch_first=True)
        outputs, (h, c) = self.lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.shape[1])
        return outputs[back], (h[:, back], c[:, back])
