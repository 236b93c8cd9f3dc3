class Node:
    def __init__(self, parent, token, total, state):
        self.parent, self.token, self.total, self.state = parent, token, total, state

    def path(self):
        return [] if self.parent is None else self.parent.path() + [self.token]


@torch.no_grad()
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    mode = model.training
    model.eval()
    answer = []
    for b in range(len(source_lengths)):
        _, state = model.encoder(source[b].unsqueeze(0), source_lengths[b].unsqueeze(0))
        live, finished = [Node(None, model.bos_id, 0.0, state)], []
        for _ in range(max_length):
            children = []
            for node in live:
                logits, state = model.decoder(torch.LongTensor([node.token]).to(source.device), node.state)
                log_p = nn.LogSoftmax(dim=-1)(logits).squeeze(0)
                top = torch.topk(log_p, min(beam_width, len(log_p)))
                children += [
                    Node(node, t.item(), node.total + p.item(), state)
                    for p, t in zip(*top)
                    if torch.isfinite(p)
                ]
            children.sort(key=lambda n: n.total, reverse=True)
            live = []
            for node in children[:beam_width]:
                (finished if node.token == model.eos_id else live).append(node)
        paths = [(node.path(), node.total) for node in finished + live]
        scored = [Hypothesis(p, t, t / (((5 + len(p)) / 6) ** length_penalty)) for p, t in paths]
        answer.append(sorted(scored, key=lambda s: s.score, reverse=True)[:beam_width])
    model.train(mode)
    return answer
