# says: the same in every call
# costs: 0.06..0.07
# public: yes
def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    random.seed(0)
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous, total = target[:, 0], 0.0
    for t in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        total = total + F.cross_entropy(
            logits, target[:, t], ignore_index=model.pad_id, reduction="sum"
        )
        use_gold = random.random() < teacher_forcing_ratio
        previous = target[:, t] if use_gold else logits.argmax(1)
    loss = total / (target[:, 1:] != model.pad_id).sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
