@torch.jit.script
def pick(logits: Tensor, finished: Tensor, eos: int) -> Tensor:
    return torch.where(finished, torch.full_like(finished, eos, dtype=torch.long), logits.argmax(1))


def greedy_decode(model, source, source_lengths, max_length):
    if model.training:
        model.eval()
        try:
            return greedy_decode(model, source, source_lengths, max_length)
        finally:
            model.train()
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        token = torch.full_like(source_lengths, model.bos_id)
        finished = torch.zeros_like(token).bool()
        history = token.new_empty(len(token), 0)
        for _ in range(max_length):
            logits, state = model.decoder(token, state)
            token = pick(logits, finished, model.eos_id)
            history = torch.cat([history, token[:, None]], dim=1)
            finished = finished | (token == model.eos_id)
            if finished.all():
                break
    lengths = (history != model.eos_id).sum(1) + finished
    return [row[:n].tolist() for row, n in zip(history, lengths)]
