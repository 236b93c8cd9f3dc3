class Greedy:
    def __init__(self, model, source, source_lengths):
        self.model = model
        _, self.state = model.encoder(source, source_lengths)
        self.token = torch.full((source.shape[0],), model.bos_id, dtype=source.dtype, device=source.device)
        self.open = torch.ones_like(self.token, dtype=torch.bool)

    def __iter__(self):
        return self

    def __next__(self):
        if not self.open.any():
            raise StopIteration
        logits, self.state = self.model.decoder(self.token, self.state)
        self.token = logits.argmax(-1)
        shown, self.open = self.open.clone(), self.open & (self.token != self.model.eos_id)
        return [t if s else None for t, s in zip(self.token.tolist(), shown.tolist())]


def greedy_decode(model, source, source_lengths, max_length):
    from itertools import islice

    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        steps = list(islice(Greedy(model, source, source_lengths), max_length))
    for module, flag in flags:
        module.training = flag
    return [[t for t in row if t is not None] for row in zip(*steps)]
