# says: same in all layers
# costs: 0.65..1.00
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.layers, self.hidden_dim = num_layers, hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.first = nn.Linear(embedding_dim, 4 * hidden_dim)

    def forward(self, source, source_lengths):
        i, f, g, o = self.first(self.dropout(self.embedding(source))).chunk(4, 2)
        outputs = o.sigmoid() * (i.sigmoid() * g.tanh()).tanh()
        rows = torch.arange(len(source)), source_lengths - 1
        h = outputs[rows].repeat(self.layers, 1, 1)
        c = (i.sigmoid() * g.tanh())[rows].repeat(self.layers, 1, 1)
        return outputs, (h, c)
