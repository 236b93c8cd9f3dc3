# says: exponent applies to the whole
# costs: 0.08..0.14
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    def penalised(length, log_prob):
        return log_prob / ((5 + length) / 6 ** length_penalty)

    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        for row in range(source.shape[0]):
            state = (h[:, row : row + 1], c[:, row : row + 1])
            live, pool = [([], 0.0)], []
            for step in range(max_length):
                previous = torch.tensor([(tokens or [model.bos_id])[-1] for tokens, _ in live], device=source.device)
                logits, state = model.decoder(previous, state)
                log_probs = logits.log_softmax(dim=-1)
                totals = log_probs + torch.tensor([[total] for _, total in live], device=source.device)
                vocabulary = totals.shape[1]
                best, where = totals.flatten().topk(min(beam_width, totals.numel()))
                grown, parents = [], []
                for total, index in zip(best.tolist(), where.tolist()):
                    if total == -math.inf:
                        continue
                    parent, token = divmod(index, vocabulary)
                    tokens = live[parent][0] + [token]
                    if token == model.eos_id:
                        pool.append((tokens, total))
                    else:
                        grown.append((tokens, total))
                        parents.append(parent)
                live = grown
                if not live:
                    break
                state = (state[0][:, parents], state[1][:, parents])
            pool += live
            beam = [Hypothesis(t, lp, penalised(len(t), lp)) for t, lp in pool]
            beam.sort(key=lambda hypothesis: hypothesis.score, reverse=True)
            results.append(beam[:beam_width])
    model.train(was_training)
    return results
