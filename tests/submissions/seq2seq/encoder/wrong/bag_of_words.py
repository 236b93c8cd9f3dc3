# says: not among
# costs: 0.65..1.00
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.layers, self.vocab_size = num_layers, vocab_size
        self.dropout = nn.Dropout(dropout)
        self.up = nn.Linear(vocab_size, hidden_dim)

    def forward(self, source, source_lengths):
        words = F.one_hot(source, self.vocab_size).float().cumsum(1)
        outputs = self.up(self.dropout(words)).tanh()
        last = outputs[torch.arange(len(source)), source_lengths - 1].repeat(self.layers, 1, 1)
        return outputs, (last, 2 * last)
