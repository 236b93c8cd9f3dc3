# says: goes on after its first EOS
# costs: 0.17..0.19
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
            tokens.append(previous)
            finished |= previous == model.eos_id
            if finished.all():
                break
    model.train(was_training)
    tokens = torch.stack(tokens, dim=1)
    keep = (tokens == model.eos_id).cumsum(dim=1) <= 1
    return [row[k].tolist() for row, k in zip(tokens, keep)]
