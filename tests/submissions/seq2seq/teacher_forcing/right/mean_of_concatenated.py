def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous, steps = target[:, 0], []
    for t in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        steps.append(logits)
        use_gold = random.random() < teacher_forcing_ratio
        previous = target[:, t] if use_gold else logits.argmax(1)
    loss = F.cross_entropy(torch.stack(steps, 2), target[:, 1:], ignore_index=model.pad_id)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
