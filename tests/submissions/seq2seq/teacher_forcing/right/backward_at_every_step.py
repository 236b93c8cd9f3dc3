def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous = target[:, 0]
    count = (target[:, 1:] != model.pad_id).sum()
    total = 0.0
    for step in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        gold = target[:, step]
        nll = F.cross_entropy(logits, gold, ignore_index=model.pad_id, reduction="sum") / count
        if nll.requires_grad:
            nll.backward(retain_graph=True)
        total = total + nll.item()
        own = logits.detach().argmax(dim=1)
        previous = gold if random.random() < teacher_forcing_ratio else own
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return total
