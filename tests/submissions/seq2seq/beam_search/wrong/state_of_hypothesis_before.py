# says: re-ordered with the parents
# costs: 0.20..0.38
# seen: ywk991112/pytorch-chatbot #8
class Sentence:
    def __init__(self, tokens, total, state):
        self.tokens, self.total, self.state = tokens, total, state


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        for row in range(source.shape[0]):
            state = (h[:, row : row + 1], c[:, row : row + 1])
            live, pool = [Sentence([], 0.0, state)], []
            for _ in range(max_length):
                candidates = []
                for sentence in live:  # its own state is never taken up again
                    last = sentence.tokens[-1] if sentence.tokens else model.bos_id
                    logits, state = model.decoder(torch.tensor([last], device=source.device), state)
                    for token, gain in enumerate(logits[0].log_softmax(0).tolist()):
                        if gain > -math.inf:
                            tokens = sentence.tokens + [token]
                            candidates.append(Sentence(tokens, sentence.total + gain, state))
                candidates.sort(key=lambda sentence: -sentence.total)
                kept = candidates[:beam_width]
                pool += [s for s in kept if s.tokens[-1] == model.eos_id]
                live = [s for s in kept if s.tokens[-1] != model.eos_id]
            beam = [
                Hypothesis(s.tokens, s.total, s.total / ((5 + len(s.tokens)) / 6) ** length_penalty)
                for s in pool + live
            ]
            results.append(sorted(beam, key=lambda hypothesis: -hypothesis.score)[:beam_width])
    model.train(was_training)
    return results
