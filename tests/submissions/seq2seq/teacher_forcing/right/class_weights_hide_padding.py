def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous = target[:, 0]
    every = []
    for step in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        gold = target[:, step]
        every.append(logits)
        own = logits.detach().argmax(dim=1)
        previous = gold if random.random() < teacher_forcing_ratio else own
    every = torch.stack(every, dim=1)
    weight = torch.ones(every.shape[2], device=every.device)
    weight[model.pad_id] = 0
    loss = F.cross_entropy(every.flatten(0, 1), target[:, 1:].flatten(), weight=weight)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
