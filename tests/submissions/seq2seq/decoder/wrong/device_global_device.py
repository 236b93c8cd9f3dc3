# says: move it with .to(previous.device)
# costs: 0.03..0.03
# seen: IBM/pytorch-seq2seq #123
# public: yes
class Decoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)
        self.output = nn.Linear(hidden_dim, vocab_size)

    def forward(self, previous, state):
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        previous = previous.to(device)
        h, c = state[0].to(device), state[1].to(device)
        embedded = self.dropout(self.embedding(previous)).unsqueeze(1)
        outputs, (new_h, new_c) = self.lstm(embedded, (h, c))
        logits = self.output(outputs.squeeze(1))
        return logits, (new_h, new_c)
