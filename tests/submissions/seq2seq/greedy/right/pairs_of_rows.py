@torch.no_grad()
def _chunk(model, source, source_lengths, max_length):
    _, state = model.encoder(source, source_lengths)
    x = torch.full((len(source),), model.bos_id, device=source.device)
    out, done = [], torch.zeros(len(source), dtype=torch.bool, device=source.device)
    for _ in range(max_length):
        y, state = model.decoder(x, state)
        x = y.argmax(-1).where(~done, torch.tensor(model.eos_id, device=source.device))
        out.append(x)
        done = done | (x == model.eos_id)
        if done.all():
            break
    for row in torch.stack(out).T.tolist():
        yield row[: (row + [model.eos_id]).index(model.eos_id) + 1]


def greedy_decode(model, source, source_lengths, max_length):
    mode = model.training
    model.eval()
    result = []
    for s, n in zip(source.split(2), source_lengths.split(2)):
        result += _chunk(model, s, n, max_length)
    model.train(mode)
    return result
