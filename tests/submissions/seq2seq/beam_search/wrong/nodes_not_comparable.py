# says: equally probable
# costs: 0.05..0.08
# seen: budzianowski/PyTorch-Beam-Search-Decoding #3: '<' not supported between BeamSearchNodes
import heapq


class BeamSearchNode:
    def __init__(self, tokens, total, h, c):
        self.tokens, self.total, self.h, self.c = tokens, total, h, c


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        for row in range(source.shape[0]):
            live, pool = [BeamSearchNode([], 0.0, h[:, [row]], c[:, [row]])], []
            for _ in range(max_length):
                queue = []
                for node in live:
                    last = torch.tensor([node.tokens[-1] if node.tokens else model.bos_id], device=source.device)
                    logits, state = model.decoder(last, (node.h, node.c))
                    best = logits[0].log_softmax(0).topk(min(beam_width, logits.shape[1]))
                    for gain, token in zip(best.values.tolist(), best.indices.tolist()):
                        if gain > -math.inf:
                            child = BeamSearchNode(node.tokens + [token], node.total + gain, *state)
                            heapq.heappush(queue, (-child.total, child))
                kept = [heapq.heappop(queue)[1] for _ in range(min(beam_width, len(queue)))]
                pool += [node for node in kept if node.tokens[-1] == model.eos_id]
                live = [node for node in kept if node.tokens[-1] != model.eos_id]
            beam = [
                Hypothesis(n.tokens, n.total, n.total / ((5 + len(n.tokens)) / 6) ** length_penalty)
                for n in pool + live
            ]
            results.append(sorted(beam, key=lambda hypothesis: -hypothesis.score)[:beam_width])
    model.train(was_training)
    return results
