from dataclasses import dataclass, field


@dataclass
class Speaker:
    model: "Seq2Seq"
    limit: int
    tokens: list = field(default_factory=list)

    @property
    def done(self):
        return len(self.tokens) >= self.limit or self.tokens[-1:] == [self.model.eos_id]

    def __call__(self, scores):
        if not self.done:
            self.tokens.append(max(range(len(scores)), key=scores.__getitem__))
        return self.tokens[-1]


@torch.no_grad()
def greedy_decode(model, source, source_lengths, max_length):
    flag = model.training
    model.eval()
    speakers = [Speaker(model, max_length) for _ in range(source.shape[0])]
    _, state = model.encoder(source, source_lengths)
    last = [model.bos_id] * len(speakers)
    while not all(speaker.done for speaker in speakers):
        logits, state = model.decoder(torch.tensor(last, device=source.device), state)
        last = [speaker(row) for speaker, row in zip(speakers, logits.tolist())]
    model.train(flag)
    return [speaker.tokens for speaker in speakers]
