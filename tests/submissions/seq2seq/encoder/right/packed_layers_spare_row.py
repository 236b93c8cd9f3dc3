from torch.nn.utils.rnn import PackedSequence


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.words = nn.Sequential(nn.Embedding(vocab_size + 1, embedding_dim), nn.Dropout(dropout, inplace=True))
        self.between = nn.Dropout(dropout)
        self.layers = nn.ModuleDict({
            f"layer {k}": nn.LSTM(hidden_dim if k else embedding_dim, hidden_dim) for k in range(num_layers)
        })

    def forward(self, source, source_lengths):
        x = pack_padded_sequence(self.words(source.T), source_lengths.cpu(), enforce_sorted=False)
        hs, cs = [], []
        for k, layer in enumerate(self.layers.values()):
            if k:
                x = PackedSequence(self.between(x.data), *x[1:])
            x, (h, c) = layer(x)
            hs.append(h)
            cs.append(c)
        outputs, _ = pad_packed_sequence(x, total_length=source.size(1))
        return outputs.transpose(0, 1), (torch.cat(hs), torch.cat(cs))
