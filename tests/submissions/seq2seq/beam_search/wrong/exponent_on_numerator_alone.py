# says: exponent applies to the whole
# costs: 0.05..0.11
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (hs, cs) = model.encoder(source, source_lengths)
        for b in range(source.shape[0]):
            h, c = hs[:, b : b + 1], cs[:, b : b + 1]
            live = [([], 0.0)]
            pool = []
            for _ in range(max_length):
                previous = torch.tensor([t[-1] if t else model.bos_id for t, _ in live], device=source.device)
                logits, (h, c) = model.decoder(previous, (h, c))
                log_probs = logits.log_softmax(dim=1)
                totals = torch.tensor([p for _, p in live], device=source.device)[:, None] + log_probs
                best, index = totals.flatten().topk(min(beam_width, totals.numel()))
                parents, new_live = [], []
                for total, i in zip(best.tolist(), index.tolist()):
                    parent, token = i // logits.shape[1], i % logits.shape[1]
                    if total == -math.inf:
                        continue
                    tokens = live[parent][0] + [token]
                    if token == model.eos_id:
                        pool.append((tokens, total))
                    else:
                        new_live.append((tokens, total))
                        parents.append(parent)
                live = new_live
                if not live:
                    break
                h, c = h[:, parents], c[:, parents]
            pool += live
            row = []
            for tokens, total in pool:
                score = total / ((5 + len(tokens)) ** length_penalty / 6)
                row.append(Hypothesis(tokens, total, score))
            row.sort(key=lambda hypothesis: hypothesis.score, reverse=True)
            results.append(row[:beam_width])
    model.train(was_training)
    return results
