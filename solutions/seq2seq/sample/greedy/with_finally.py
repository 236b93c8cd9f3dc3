def greedy_decode(model, source, source_lengths, max_length):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        return _decode(model, source, source_lengths, max_length)
    finally:
        for module, mode in modes:
            module.training = mode


@torch.no_grad()
def _decode(model, source, source_lengths, max_length):
    _, state = model.encoder(source, source_lengths)
    token = source.new_full((source.size(0),), model.bos_id)
    columns = []
    done = torch.zeros_like(token).bool()
    while len(columns) < max_length and not done.all():
        logits, state = model.decoder(token, state)
        token = logits.argmax(-1)
        columns.append(token)
        done = done | token.eq(model.eos_id)
    rows = torch.stack(columns, 1).tolist()
    return [row[: row.index(model.eos_id) + 1] if model.eos_id in row else row for row in rows]
