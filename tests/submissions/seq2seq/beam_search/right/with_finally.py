def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    flags = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            return [
                _search(model, source[b : b + 1], source_lengths[b : b + 1], beam_width, max_length, length_penalty)
                for b in range(len(source))
            ]
    finally:
        for module, flag in flags.items():
            module.training = flag


def _search(model, source, source_lengths, k, max_length, alpha):
    n = int(source_lengths)
    _, state = model.encoder(source[:, :n], source_lengths)
    live, done = [(0.0, [], state)], []
    for _ in range(max_length):
        grown = []
        for total, tokens, (h, c) in live:
            previous = torch.tensor([tokens[-1] if tokens else model.bos_id], device=source.device)
            logits, new = model.decoder(previous, (h, c))
            values, ids = F.log_softmax(logits[0], dim=-1).topk(min(k, logits.shape[1]))
            for value, token in zip(values.tolist(), ids.tolist()):
                if value > -math.inf:
                    grown.append((total + value, tokens + [token], new))
        grown = heapq.nlargest(k, grown, key=lambda g: g[0])
        done += [g for g in grown if g[1][-1] == model.eos_id]
        live = [g for g in grown if g[1][-1] != model.eos_id]
    ranked = [
        Hypothesis(tokens, total, total / ((5 + len(tokens)) / 6) ** alpha)
        for total, tokens, _ in done + live
    ]
    return sorted(ranked, key=lambda x: x.score, reverse=True)[:k]
