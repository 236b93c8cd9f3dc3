# says: h and c
# costs: 0.90..1.00
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.layers = num_layers
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.up = nn.Linear(embedding_dim, hidden_dim)

    def forward(self, source, source_lengths):
        outputs = self.up(self.dropout(self.embedding(source)))
        last = outputs[torch.arange(len(source)), source_lengths - 1].repeat(self.layers, 1, 1)
        return outputs, (last.tanh(), last)
