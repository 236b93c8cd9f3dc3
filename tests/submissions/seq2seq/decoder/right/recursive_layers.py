class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.cells = nn.ModuleList()
        for layer in range(num_layers):
            self.cells.append(nn.LSTMCell(hidden_dim if layer else embedding_dim, hidden_dim))
        self.out = nn.Linear(hidden_dim, vocab_size)
        self.p = dropout

    def climb(self, x, layer, h, c):
        if layer == len(self.cells):
            return x, []
        new = self.cells[layer](x, (h[layer], c[layer]))
        top, above = self.climb(new[0], layer + 1, h, c)
        return top, [new] + above

    def forward(self, previous: Tensor, hidden: tuple, temperature: float = 1.0):
        h, c = hidden
        x = F.dropout(self.embedding(previous), p=self.p, training=self.training)
        top, new = self.climb(x, 0, h, c)
        return self.out(top) / temperature, tuple(torch.stack(part) for part in zip(*new))
