@torch.jit.script
def best_children(logits: Tensor, totals: Tensor, width: int):
    scores = (totals.unsqueeze(1) + torch.log_softmax(logits, 1)).flatten()
    values, index = scores.topk(min(width, scores.numel()))
    alive = values > float("-inf")
    vocabulary = logits.size(1)
    return values[alive], torch.div(index[alive], vocabulary, rounding_mode="floor"), index[alive] % vocabulary


class Beam:
    def __init__(self, model, width: int, device):
        self.model, self.width, self.pool = model, width, []
        self.tokens, self.totals = torch.empty(1, 0, dtype=torch.long, device=device), torch.zeros(1, device=device)

    def advance(self, state):
        last = self.tokens[:, -1] if self.tokens.numel() else torch.tensor([self.model.bos_id], device=self.totals.device)
        logits, (h, c) = self.model.decoder(last, state)
        self.totals, parents, words = best_children(logits, self.totals, self.width)
        self.tokens = torch.hstack([self.tokens[parents], words.unsqueeze(1)])
        going = words.ne(self.model.eos_id)
        self.collect(~going)
        self.tokens, self.totals = self.tokens[going], self.totals[going]
        return h[:, parents[going]], c[:, parents[going]]

    def collect(self, mask):
        self.pool += zip(self.tokens[mask].tolist(), self.totals[mask].tolist())

    def answer(self, alpha):
        self.collect(torch.ones_like(self.totals, dtype=torch.bool))
        scored = ((t, lp, lp / ((5.0 + len(t)) / 6.0) ** alpha) for t, lp in self.pool)
        return [Hypothesis(*x) for x in sorted(scored, key=lambda x: x[2], reverse=True)][: self.width]


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    mode, answers = model.training, []
    model.eval()
    with torch.no_grad():
        h, c = model.encoder(source, source_lengths)[1]
        for row in range(len(source)):
            beam, state = Beam(model, beam_width, source.device), (h[:, row, None], c[:, row, None])
            for _ in range(max_length):
                state = beam.advance(state)
                if not len(beam.totals):
                    break
            answers.append(beam.answer(length_penalty))
    model.train(mode)
    return answers
