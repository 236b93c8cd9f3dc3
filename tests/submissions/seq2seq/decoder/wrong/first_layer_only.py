# says: changing h of layer 1 does not change the logits
# costs: 0.26..0.28
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
        h, c = state
        x, new_c = self.cells[0](x, (h[0], c[0]))
        return self.linear(x), (torch.cat([x[None], h[1:]]), torch.cat([new_c[None], c[1:]]))
