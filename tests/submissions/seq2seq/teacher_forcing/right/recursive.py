def losses(model, previous, state, rest, ratio):
    """Sum of -log p over the rest of the columns."""
    if not rest:
        return 0.0
    gold, *later = rest
    logits, state = model.decoder(previous, state)
    nll = F.cross_entropy(logits, gold, ignore_index=model.pad_id, reduction="sum")
    coin = torch.rand(len(gold), device=gold.device) < ratio
    following = torch.where(coin, gold, logits.argmax(dim=1))
    return nll + losses(model, following, state, later, ratio)


def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    model.train()
    for parameter in model.parameters():
        parameter.grad = None
    first, *rest = target.unbind(1)
    _, state = model.encoder(source, source_lengths)
    loss = losses(model, first, state, rest, teacher_forcing_ratio)
    loss = loss / target[:, 1:].ne(model.pad_id).sum()
    loss.backward()
    nn.utils.clip_grad_norm_(list(model.parameters()), max_norm=clip)
    optimizer.step()
    return loss.detach()
