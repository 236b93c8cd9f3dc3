# says: create it with device=source.device
# costs: 0.04..0.04
# seen: SamLynnEvans/Transformer #27 (mask made on the CPU)
# public: yes
class Encoder(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, num_layers, dropout, pad_id):
        super().__init__()
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
            steps, rows = outputs, torch.arange(len(source))
            hs.append(torch.stack(outputs, 1)[rows, source_lengths - 1])
            cs.append(torch.stack(history, 1)[rows, source_lengths - 1])
        real = torch.arange(source.shape[1]) < source_lengths[:, None]
        outputs, h, c = torch.stack(outputs, 1), torch.stack(hs), torch.stack(cs)
        outputs = outputs.masked_fill(~real[:, :, None], 0.0)
        return outputs, (h, c)
