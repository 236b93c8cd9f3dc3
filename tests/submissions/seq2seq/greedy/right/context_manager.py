import contextlib


@contextlib.contextmanager
def evaluating(model):
    modes = {module: module.training for module in model.modules()}
    grad = torch.is_grad_enabled()
    model.eval()
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        torch.set_grad_enabled(grad)
        for module, mode in modes.items():
            module.training = mode


def greedy_decode(model, source, source_lengths, max_length):
    with evaluating(model):
        _, state = model.encoder(source, source_lengths)
        token = source.new_full(source_lengths.shape, model.bos_id)
        columns = []
        alive = torch.ones_like(token, dtype=torch.bool)
        while len(columns) < max_length and alive.any():
            logits, state = model.decoder(token, state)
            token = torch.where(alive, logits.max(dim=-1).indices, model.eos_id)
            columns.append(token)
            alive = alive & token.ne(model.eos_id)
        table = torch.stack(columns, 1)
        before = (table == model.eos_id).cumsum(1) - (table == model.eos_id).long()
        return [row[n == 0].tolist() for row, n in zip(table, before)]
