def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous = target[:, 0]
    losses, count = [], (target[:, 1:] != model.pad_id).sum()
    for step in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        gold = target[:, step]
        losses.append(F.cross_entropy(logits, gold, ignore_index=model.pad_id, reduction="sum") / count)
        own = logits.detach().argmax(dim=1)
        previous = gold if random.random() < teacher_forcing_ratio else own
    torch.autograd.backward([x for x in losses if x.requires_grad])
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return math.fsum(x.item() for x in losses)
