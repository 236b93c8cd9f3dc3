@torch.no_grad()
def greedy_decode(model, source, source_lengths, max_length):
    mode = model.training
    model.train(False)
    _, (h, c) = model.encoder(source, source_lengths)
    out = {b: [] for b in range(source.shape[0])}
    active = torch.arange(source.shape[0], device=source.device)
    previous = torch.full_like(active, model.bos_id)
    for _ in range(max_length):
        if not len(active):
            break
        logits, (h, c) = model.decoder(previous, (h, c))
        previous = logits.topk(1, dim=-1).indices.squeeze(-1)
        for b, token in zip(active.tolist(), previous.tolist()):
            out[b].append(token)
        keep = previous != model.eos_id
        active, previous, h, c = active[keep], previous[keep], h[:, keep], c[:, keep]
    model.train(mode)
    return [out[b] for b in sorted(out)]
