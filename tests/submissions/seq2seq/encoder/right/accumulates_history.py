from functools import partial
from itertools import accumulate


class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        L, B, H = self.lstm.num_layers, len(source), self.lstm.hidden_size
        start = (embedded.new_zeros(L, B, H), embedded.new_zeros(L, B, H))

        def step(state, x):
            return self.lstm(x.unsqueeze(1), state)[1]

        history = list(accumulate(embedded.unbind(1), step, initial=start))[1:]
        hs, cs = (torch.stack(part) for part in zip(*history))  # (time, layers, batch, hidden)
        at = partial(torch.Tensor.__getitem__)
        last, rows = source_lengths - 1, torch.arange(B, device=source.device)
        h, c = (at(x, (last, slice(None), rows)).transpose(0, 1) for x in (hs, cs))
        return hs[:, -1].transpose(0, 1), (h, c)
