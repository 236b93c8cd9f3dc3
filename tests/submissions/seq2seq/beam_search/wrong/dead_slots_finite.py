# says: goes on after its EOS
# costs: 0.07..0.10
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    k, batch = beam_width, source.shape[0]
    pools = [[] for _ in range(batch)]
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        h, c = h.repeat_interleave(k, dim=1), c.repeat_interleave(k, dim=1)
        totals = torch.full((batch, k), -math.inf, device=source.device)
        totals[:, 0] = 0.0
        tokens = torch.zeros(batch, k, 0, dtype=torch.long, device=source.device)
        previous = torch.full((batch * k,), model.bos_id, device=source.device)
        for step in range(max_length):
            logits, (h, c) = model.decoder(previous, (h, c))
            log_probs = F.log_softmax(logits, dim=1).view(batch, k, -1)
            vocabulary = log_probs.shape[2]
            totals, index = (totals[:, :, None] + log_probs).view(batch, -1).topk(k, dim=1)
            parent, token = index // vocabulary, index % vocabulary
            tokens = tokens.gather(1, parent[:, :, None].expand(-1, -1, step))
            tokens = torch.cat([tokens, token[:, :, None]], dim=2)
            slots = (torch.arange(batch, device=source.device)[:, None] * k + parent).flatten()
            h, c = h[:, slots], c[:, slots]
            ended = token == model.eos_id
            for b, slot in (ended & (totals > -math.inf)).nonzero().tolist():
                pools[b].append((tokens[b, slot].tolist(), totals[b, slot].item()))
            totals = totals.masked_fill(ended, -1e9)
            previous = token.flatten()
            if (totals <= -1e8).all():
                break
        for b, slot in (totals > -math.inf).nonzero().tolist():
            pools[b].append((tokens[b, slot].tolist(), totals[b, slot].item()))
    model.train(was_training)
    results = []
    for pool in pools:
        scored = [(t, lp, lp / ((5 + len(t)) / 6) ** length_penalty) for t, lp in pool]
        results.append([Hypothesis(*s) for s in sorted(scored, key=lambda s: -s[2])[:k]])
    return results
