def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()

    def following(tokens, state):
        for token in [model.bos_id] + tokens:
            logits, state = model.decoder(torch.tensor([token], device=source.device), state)
        return torch.log_softmax(logits[0], 0).tolist()

    out = []
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        for b in range(source.size(0)):
            state = (h[:, b : b + 1], c[:, b : b + 1])
            live, pool = [([], 0.0)], []
            while live and len(live[0][0]) < max_length:
                candidates = []
                for tokens, total in live:
                    for token, value in enumerate(following(tokens, state)):
                        if value != -math.inf:
                            candidates.append((tokens + [token], total + value))
                candidates = heapq.nlargest(beam_width, candidates, key=lambda x: x[1])
                pool.extend(x for x in candidates if x[0][-1] == model.eos_id)
                live = [x for x in candidates if x[0][-1] != model.eos_id]
            pool.extend(live)
            row = [Hypothesis(t, p, p * (6 / (5 + len(t))) ** length_penalty) for t, p in pool]
            out.append(heapq.nlargest(beam_width, row, key=lambda x: x.score))
    model.train(was_training)
    return out
