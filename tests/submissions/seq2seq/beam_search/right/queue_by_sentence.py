def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    training, grad = model.training, torch.is_grad_enabled()
    model.eval()
    torch.set_grad_enabled(False)
    B = source.shape[0]
    _, (h, c) = model.encoder(source, source_lengths)
    beams = [[([], 0.0, b)] for b in range(B)]
    pools = [[] for _ in range(B)]
    for _ in range(max_length):
        live = [(b, *x) for b in range(B) for x in beams[b]]
        if not live:
            break
        columns = torch.tensor([x[3] for x in live], device=source.device)
        previous = torch.tensor([x[1][-1] if x[1] else model.bos_id for x in live], device=source.device)
        logits, (h, c) = model.decoder(previous, (h[:, columns], c[:, columns]))
        log_probs = F.log_softmax(logits, dim=1)
        beams = [[] for _ in range(B)]
        for b in range(B):
            slots = [i for i, x in enumerate(live) if x[0] == b]
            if not slots:
                continue
            table = log_probs[slots] + torch.tensor([[live[i][2]] for i in slots], device=source.device)
            values, flat = table.view(-1).topk(min(beam_width, table.numel()))
            for value, i in zip(values, flat):
                if value.isinf():
                    continue
                slot, token = slots[i.item() // table.shape[1]], i.item() % table.shape[1]
                tokens = live[slot][1] + [token]
                if token == model.eos_id:
                    pools[b].append((tokens, value.item()))
                else:
                    beams[b].append((tokens, value.item(), slot))
    torch.set_grad_enabled(grad)
    model.train(training)
    out = []
    for b in range(B):
        pool = pools[b] + [x[:2] for x in beams[b]]
        row = [Hypothesis(t, p, p / math.pow((5 + len(t)) / 6, length_penalty)) for t, p in pool]
        out.append(sorted(row, key=lambda x: x.score, reverse=True)[:beam_width])
    return out
