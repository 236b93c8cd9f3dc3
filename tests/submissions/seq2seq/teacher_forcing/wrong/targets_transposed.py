# says: other rows or steps
# costs: 0.37..0.38
# seen: CSC401 submissions (1 of 20)
# public: yes
def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous, total = target[:, 0], 0.0
    for t in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        total = (total or []) + [logits]
        use_gold = random.random() < teacher_forcing_ratio
        previous = target[:, t] if use_gold else logits.argmax(1)
    flat = torch.cat(total)
    loss = F.cross_entropy(flat, target[:, 1:].flatten(), ignore_index=model.pad_id)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
