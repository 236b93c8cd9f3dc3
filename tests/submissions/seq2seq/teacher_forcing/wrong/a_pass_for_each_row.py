# says: a pass for each row
def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    for b in range(len(target)):
        _, state = model.encoder(source[b : b + 1], source_lengths[b : b + 1])
        previous = target[b : b + 1, 0]
        for t in range(1, target.shape[1]):
            logits, state = model.decoder(previous, state)
            total = total + F.cross_entropy(logits, target[b : b + 1, t], ignore_index=model.pad_id, reduction="sum")
            previous = target[b : b + 1, t] if random.random() < teacher_forcing_ratio else logits.argmax(1)
    loss = total / (target[:, 1:] != model.pad_id).sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
