class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.keep, self.H = 1 - dropout, hidden_dim
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers)  # only holds the weights

    def steps(self, inputs, lengths, weights):
        h = c = inputs.new_zeros(len(lengths), self.H)
        for t, x in enumerate(inputs.unbind(1)):
            new = torch.lstm_cell(x, (h, c), *weights)
            going = lengths.gt(t).view(-1, 1)
            h, c = (torch.where(going, a, b) for a, b in zip(new, (h, c)))
            yield h, c

    def forward(self, source, source_lengths):
        x = self.embedding(source)
        if self.training and self.keep < 1:
            x = x * torch.bernoulli(torch.full_like(x, self.keep)) / max(self.keep, 1e-9)
        finals = []
        for weights in self.lstm.all_weights:
            steps = list(self.steps(x, source_lengths, weights))
            x = torch.stack([h for h, _ in steps], 1)
            finals.append(steps[-1])
        return x, [torch.stack(s) for s in zip(*finals)]
