from collections import namedtuple
from itertools import groupby

Live = namedtuple("Live", "row tokens total")


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    """One decoder call a step for the live hypotheses of all rows, as many as each has."""
    finished = [[] for _ in source]
    with torch.no_grad():
        mode = model.training
        model.eval()
        _, state = model.encoder(source, source_lengths)
        live = [Live(b, [], 0.0) for b in range(len(source))]
        for _ in range(max_length):
            last = torch.tensor([x.tokens[-1] if x.tokens else model.bos_id for x in live], device=source.device)
            logits, (h, c) = model.decoder(last, state)
            logp = torch.log_softmax(logits, dim=1) + torch.tensor([[x.total] for x in live], device=source.device)
            next_live, slots = [], []
            for b, group in groupby(range(len(live)), key=lambda i: live[i].row):
                group = list(group)
                flat = logp[group].flatten()
                mask = torch.isneginf(flat)
                top = flat.topk(min(beam_width, int((~mask).sum())))
                for value, place in zip(*(t.tolist() for t in top)):
                    slot = group[place // logp.shape[1]]
                    child = Live(b, live[slot].tokens + [place % logp.shape[1]], value)
                    if child.tokens[-1] == model.eos_id:
                        finished[b].append(child)
                    else:
                        next_live.append(child)
                        slots.append(slot)
            live, state = next_live, (h[:, slots], c[:, slots])
            if not live:
                break
        model.train(mode)
    for x in live:
        finished[x.row].append(x)

    def hypothesis(x):
        return Hypothesis(x.tokens, x.total, x.total / ((5 + len(x.tokens)) / 6) ** length_penalty)

    return [sorted(map(hypothesis, xs), key=lambda h: -h.score)[:beam_width] for xs in finished]
