class Decoder(nn.LSTM):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__(embedding_dim, hidden_dim, num_layers)
        self.table = nn.Parameter(torch.randn(vocab_size, embedding_dim))
        self.rate = dropout
        self.head = nn.Conv1d(hidden_dim, vocab_size, kernel_size=1)

    def forward(self, previous, hx):
        x = F.dropout(self.table[previous], self.rate, self.training)
        y, hx = super().forward(x[None], hx)
        return self.head(y[0][:, :, None])[:, :, 0], hx
