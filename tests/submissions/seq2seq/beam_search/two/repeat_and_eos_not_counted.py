# mistakes: repeat_instead_of_interleave, score_leaves_out_eos
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    B, k = source.shape[0], beam_width
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        h, c = h.repeat(1, k, 1), c.repeat(1, k, 1)
        totals = torch.full((B, k), -math.inf, device=source.device)
        totals[:, 0] = 0.0
        tokens = torch.empty(B, k, 0, dtype=torch.long, device=source.device)
        previous = torch.full((B * k,), model.bos_id, device=source.device)
        pools = [[] for _ in range(B)]
        offsets = torch.arange(B, device=source.device)[:, None] * k
        for step in range(max_length):
            logits, (h, c) = model.decoder(previous, (h, c))
            log_probs = F.log_softmax(logits, dim=-1).view(B, k, -1)
            V = log_probs.shape[-1]
            totals, index = (totals[:, :, None] + log_probs).view(B, k * V).topk(k, dim=1)
            parent, token = index // V, index % V
            rows = (offsets + parent).view(-1)
            h, c = h[:, rows], c[:, rows]
            history = tokens.gather(1, parent[:, :, None].expand(-1, -1, step))
            tokens = torch.cat([history, token[:, :, None]], dim=2)
            previous = token.view(-1)
            ended = (token == model.eos_id) & (totals > -math.inf)
            for b, j in ended.nonzero().tolist():
                pools[b].append((tokens[b, j].tolist(), totals[b, j].item()))
            totals = totals.masked_fill(ended, -math.inf)
            if (totals == -math.inf).all():
                break
    results = []
    for b in range(B):
        for j in range(k):
            if totals[b, j] > -math.inf:
                pools[b].append((tokens[b, j].tolist(), totals[b, j].item()))
        row = [
            Hypothesis(t, p, p / ((4 + len(t)) / 6) ** length_penalty) for t, p in pools[b]
        ]
        results.append(sorted(row, key=lambda x: -x.score)[:k])
    model.train(was_training)
    return results
