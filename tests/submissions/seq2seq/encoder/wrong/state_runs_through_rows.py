# says: start each row from a zero state
# costs: 0.18..0.19
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers, batch_first=True)

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        outputs = embedded.new_zeros(*source.shape, self.lstm.hidden_size)
        hs, cs, state = [], [], None
        for b, length in enumerate(source_lengths.tolist()):
            out, state = self.lstm(embedded[b : b + 1, :length], state)
            outputs[b, :length] = out[0]
            hs.append(state[0])
            cs.append(state[1])
        return outputs, (torch.cat(hs, 1), torch.cat(cs, 1))
