def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    """Beams are dictionaries from the prefix to its log-probability and its own state."""

    def expand(prefix, total, h, c):
        word = torch.as_tensor([prefix[-1] if prefix else model.bos_id], device=source.device)
        scores, (h, c) = model.decoder(word, (h, c))
        for token, gain in enumerate(F.log_softmax(scores[0], dim=0).tolist()):
            if gain > -math.inf:
                yield (*prefix, token), (total + gain, h, c)

    def rank(prefix, total):
        return total / ((5 + len(prefix)) / 6) ** length_penalty

    def decode(h, c):
        live, pool = {(): (0.0, h, c)}, {}
        for _ in range(max_length):
            children = {}
            for prefix, rest in live.items():
                children.update(expand(prefix, *rest))
            kept = sorted(children, key=lambda p: children[p][0], reverse=True)[:beam_width]
            pool |= {p: children[p][0] for p in kept if p[-1] == model.eos_id}
            live = {p: children[p] for p in kept if p[-1] != model.eos_id}
        pool |= {p: rest[0] for p, rest in live.items()}
        best = sorted(pool.items(), key=lambda item: -rank(*item))[:beam_width]
        return [Hypothesis(list(p), total, rank(p, total)) for p, total in best]

    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            _, (h, c) = model.encoder(source, source_lengths)
            pairs = zip(h.split(1, dim=1), c.split(1, dim=1))
            return [decode(*pair) for pair in pairs]
    finally:
        model.train(was_training)
