import copy


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    """Every hypothesis is read again from BOS at every step, alone, and all is sorted in lists."""
    was_training = model.training
    model.eval()

    def log_probs_after(state, tokens):
        state = copy.deepcopy(state)
        for token in [model.bos_id, *tokens]:
            logits, state = model.decoder(torch.tensor([token], device=source.device), state)
        scores = [float(x) for x in logits[0].double()]
        largest = max(scores)
        norm = largest + math.log(sum(math.exp(score - largest) for score in scores))
        return [score - norm for score in scores]

    results = []
    with torch.no_grad():
        for b in range(len(source)):
            _, state = model.encoder(source[b : b + 1], source_lengths[b : b + 1])
            live, pool = [([], 0.0)], []
            for _ in range(max_length):
                candidates = []
                for tokens, total in live:
                    for token, value in enumerate(log_probs_after(state, tokens)):
                        if value > -math.inf:
                            candidates.append(([*tokens, token], total + value))
                candidates.sort(key=lambda pair: pair[1], reverse=True)
                kept = candidates[:beam_width]
                pool += [pair for pair in kept if pair[0][-1] == model.eos_id]
                live = [pair for pair in kept if pair[0][-1] != model.eos_id]
                if not live:
                    break
            pool += live
            row = [Hypothesis(t, p, p / ((5 + len(t)) / 6) ** length_penalty) for t, p in pool]
            row.sort(key=lambda found: found.score, reverse=True)
            results.append(row[:beam_width])
    model.train(was_training)
    return results
