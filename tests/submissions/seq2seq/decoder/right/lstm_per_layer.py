class Layers(nn.ModuleList):
    def forward(self, x, state):
        new = []
        for lstm, h, c in zip(self, state[0].split(1), state[1].split(1)):
            x, pair = lstm(x, (h, c))
            new.append(pair)
        return x, tuple(map(torch.cat, zip(*new)))


class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.read = nn.Sequential(nn.Embedding(vocab_size, embedding_dim), nn.Dropout(p=dropout))
        self.layers = Layers(
            nn.LSTM(hidden_dim if layer else embedding_dim, hidden_dim)
            for layer in range(num_layers)
        )
        self.write = nn.Sequential(
            nn.Flatten(0, 1), nn.Linear(hidden_dim, vocab_size), nn.LogSoftmax(-1)
        )

    def forward(self, previous, state):
        x, state = self.layers(self.read(previous.view(1, -1)), state)
        return self.write(x), state
