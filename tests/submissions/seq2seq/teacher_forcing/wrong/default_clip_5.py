# says: default
# costs: 0.02..0.02
# public: yes
def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=5.0
):
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous = target[:, 0]
    total = 0.0
    for step in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        gold = target[:, step]
        total = total + F.cross_entropy(logits, gold, ignore_index=model.pad_id, reduction="sum")
        own = logits.detach().argmax(dim=1)
        previous = gold if random.random() < teacher_forcing_ratio else own
    loss = total / (target[:, 1:] != model.pad_id).sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
