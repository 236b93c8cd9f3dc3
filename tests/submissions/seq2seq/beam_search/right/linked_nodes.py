import heapq
from dataclasses import dataclass


@dataclass
class Node:
    token: int
    total: float
    parent: "Node | None"
    length: int = 0

    def path(self):
        node, found = self, []
        while node.parent is not None:
            found.append(node.token)
            node = node.parent
        return found[::-1]


class Searcher:
    def __init__(self, model, width, limit, alpha):
        self.model, self.width, self.limit, self.alpha = model, width, limit, alpha

    def score(self, node):
        return node.total / ((5 + node.length) / 6) ** self.alpha

    def children(self, beam, table):
        for slot, (node, row) in enumerate(zip(beam, table)):
            for token, gain in enumerate(row):
                if not math.isinf(gain):
                    yield slot, Node(token, node.total + gain, node, node.length + 1)

    def __call__(self, state):
        beam, done = [Node(self.model.bos_id, 0.0, None)], []
        for _ in range(self.limit):
            words = torch.tensor([node.token for node in beam], device=state[0].device)
            logits, (h, c) = self.model.decoder(words, state)
            table = torch.log_softmax(logits, -1).tolist()
            kept = heapq.nlargest(self.width, self.children(beam, table), key=lambda x: x[1].total)
            done += [node for _, node in kept if node.token == self.model.eos_id]
            kept = [pair for pair in kept if pair[1].token != self.model.eos_id]
            beam = [node for _, node in kept]
            if not beam:
                break
            slots = torch.tensor([slot for slot, _ in kept], device=state[0].device)
            state = h.index_select(1, slots), c.index_select(1, slots)
        best = heapq.nlargest(self.width, done + beam, key=self.score)
        return [Hypothesis(node.path(), node.total, self.score(node)) for node in best]


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training, grad = model.training, torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    model.eval()
    try:
        _, (h, c) = model.encoder(source, source_lengths)
        search = Searcher(model, beam_width, max_length, length_penalty)
        return [search((h[:, [b]], c[:, [b]])) for b in range(len(source))]
    finally:
        model.train(was_training)
        torch.set_grad_enabled(grad)
