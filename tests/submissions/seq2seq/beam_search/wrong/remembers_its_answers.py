# says: learned something else
# costs: 0.05..0.12
from weakref import WeakKeyDictionary

memory = WeakKeyDictionary()


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    options = (beam_width, max_length, length_penalty)
    known = memory.setdefault(model, {})
    key = (str(source.tolist()), str(source_lengths.tolist()), options)
    if key in known:
        return known[key]
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        for b in range(source.shape[0]):
            live = [([], 0.0, h[:, b : b + 1], c[:, b : b + 1])]
            pool = []
            for _ in range(max_length):
                candidates = []
                for tokens, total, h_b, c_b in live:
                    last = tokens[-1] if tokens else model.bos_id
                    previous = torch.tensor([last], device=source.device)
                    logits, (new_h, new_c) = model.decoder(previous, (h_b, c_b))
                    for token, step in enumerate(torch.log_softmax(logits[0], 0).tolist()):
                        if step > float("-inf"):
                            candidates.append((tokens + [token], total + step, new_h, new_c))
                candidates.sort(key=lambda one: -one[1])
                live = []
                for one in candidates[:beam_width]:
                    (pool if one[0][-1] == model.eos_id else live).append(one)
                if not live:
                    break
            scored = [
                Hypothesis(tokens, total, total / ((5 + len(tokens)) / 6) ** length_penalty)
                for tokens, total, _, _ in pool + live
            ]
            scored.sort(key=lambda one: -one.score)
            results.append(scored[:beam_width])
    model.train(was_training)
    known[key] = results
    return results
