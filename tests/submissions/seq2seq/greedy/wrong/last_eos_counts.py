# says: goes on after its first EOS
# costs: 0.14..0.16
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    tokens = []
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = torch.full_like(source[:, 0], model.bos_id)
        finished = torch.zeros_like(previous, dtype=torch.bool)
        for _ in range(max_length):
            logits, state = model.decoder(previous, state)
            previous = logits.argmax(dim=1)
            tokens.append(previous.tolist())
            finished |= previous == model.eos_id
            if finished.all():
                break
    model.train(was_training)
    rows = [list(row) for row in zip(*tokens)]
    for row in rows:
        if model.eos_id in row:
            while row[-1] != model.eos_id:
                row.pop()
    return rows
