class Translator(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, source, source_lengths, max_length):
        _, (h, c) = self.model.encoder(source, source_lengths)
        token = torch.full(source.shape[:1], self.model.bos_id, device=source.device)
        for _ in range(max_length):
            logits, (h, c) = self.model.decoder(token, (h, c))
            token = logits.detach().argmax(-1)
            yield token


def greedy_decode(model, source, source_lengths, max_length):
    mode, grad = model.training, torch.is_grad_enabled()
    translator = Translator(model).eval()
    torch.set_grad_enabled(False)
    rows = [[] for _ in range(len(source))]
    for tokens in translator(source, source_lengths, max_length):
        for row, token in zip(rows, map(int, tokens)):
            row += [token] * (model.eos_id not in row)
        if all(model.eos_id in row for row in rows):
            break
    torch.set_grad_enabled(grad)
    model.train(mode)
    return rows
