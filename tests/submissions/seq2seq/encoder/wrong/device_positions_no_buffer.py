# says: register_buffer
# costs: 0.05..0.05
# seen: wingedsheep/transformer #4
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
        self.rows = torch.arange(1000)
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        sizes = [embedding_dim] + [hidden_dim] * (num_layers - 1)
        self.cells = nn.ModuleList([nn.LSTMCell(size, hidden_dim) for size in sizes])

    def forward(self, source, source_lengths):
        embedded = self.dropout(self.embedding(source))
        steps, hs, cs = embedded.unbind(1), [], []
        for cell in self.cells:
            state, outputs, history = None, [], []
            for step in steps:
                state = cell(step, state)
                outputs.append(state[0])
                history.append(state[1])
            steps, rows = outputs, self.rows[: len(source)]
            hs.append(torch.stack(outputs, 1)[rows, source_lengths - 1])
            cs.append(torch.stack(history, 1)[rows, source_lengths - 1])
        real = self.rows[: source.shape[1]] < source_lengths[:, None]
        outputs, h, c = torch.stack(outputs, 1), torch.stack(hs), torch.stack(cs)
        outputs = outputs * real[:, :, None]
        return outputs, (h, c)
