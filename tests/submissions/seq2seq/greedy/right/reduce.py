from functools import reduce


@torch.no_grad()
def greedy_decode(model, source, source_lengths, max_length):
    mode = model.training
    model.eval()
    _, state = model.encoder(source, source_lengths)

    def step(carry, _):
        rows, previous, state = carry
        if all(row[-1:] == [model.eos_id] for row in rows):
            return carry
        logits, state = model.decoder(previous, state)
        best = [heapq.nlargest(1, range(len(r)), key=r.__getitem__)[0] for r in logits.tolist()]
        rows = [row if row[-1:] == [model.eos_id] else [*row, b] for row, b in zip(rows, best)]
        return rows, torch.tensor(best, device=source.device), state

    start = ([[] for _ in source], torch.full_like(source_lengths, model.bos_id), state)
    rows, *_ = reduce(step, range(max_length), start)
    model.train(mode)
    return rows
