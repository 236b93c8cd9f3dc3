# says: logits depend on the h of the layers below too
# costs: 0.11..0.13
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.cells = nn.ModuleList(nn.LSTMCell(size, hidden_dim) for size in sizes)
        self.linear = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        x = self.dropout(self.embedding(previous))
        hs, cs = [], []
        for cell, h, c in zip(self.cells, *state):
            h, c = cell(x, (h, c))
            hs.append(h)
            cs.append(c)
            x = h + x if x.shape == h.shape else h
        return self.linear(x), (torch.stack(hs), torch.stack(cs))
