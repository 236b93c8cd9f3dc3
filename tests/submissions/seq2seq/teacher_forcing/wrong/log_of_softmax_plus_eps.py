# says: adds a small number to p before it takes the logarithm
# costs: 0.03..0.03
# seen: MarvinTeichmann/tensorflow-fcn #18
# public: yes
def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    optimizer.zero_grad()
    _, state = model.encoder(source, source_lengths)
    previous = target[:, 0]
    total = 0.0
    for step in range(1, target.shape[1]):
        logits, state = model.decoder(previous, state)
        gold = target[:, step]
        log_p = torch.log(logits.softmax(dim=1) + 1e-8)
        total = total + F.nll_loss(log_p, gold, ignore_index=model.pad_id, reduction="sum")
        own = logits.detach().argmax(dim=1)
        previous = gold if random.random() < teacher_forcing_ratio else own
    loss = total / (target[:, 1:] != model.pad_id).sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return loss.item()
