def _grow(model, live, state, left, k):
    if left == 0 or not live:
        return live
    previous = torch.tensor([tokens[-1] if tokens else model.bos_id for tokens, _ in live], device=state[0].device)
    logits, (h, c) = model.decoder(previous, state)
    table = torch.tensor([total for _, total in live], device=state[0].device).unsqueeze(1) + F.log_softmax(logits, 1)
    flat = table.reshape(-1)
    order = flat.argsort(descending=True)[:k]
    order = order[flat[order] != float("-inf")]
    ended, going, parents = [], [], []
    for i in order.tolist():
        parent, token = divmod(i, table.size(1))
        one = (live[parent][0] + [token], flat[i].item())
        if token == model.eos_id:
            ended.append(one)
        else:
            going.append(one)
            parents.append(parent)
    return ended + _grow(model, going, (h[:, parents], c[:, parents]), left - 1, k)


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        for b in range(len(source)):
            start = (h[:, b].unsqueeze(1), c[:, b].unsqueeze(1))
            pool = _grow(model, [([], 0.0)], start, max_length, beam_width)
            row = [Hypothesis(t, p, p / ((5 + len(t)) / 6) ** length_penalty) for t, p in pool]
            results.append(sorted(row, key=lambda x: (-x.score, x.tokens))[:beam_width])
    model.train(was_training)
    return results
