# says: int64: uint8
# costs: 0.07..0.10
# seen: urvashik/knnlm #6 (ids in int16)
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    tokens = torch.full((len(source), max_length), 0, dtype=torch.uint8, device=source.device)
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = torch.full_like(source[:, 0], model.bos_id)
        finished = torch.zeros_like(previous, dtype=torch.bool)
        length = torch.zeros_like(previous)
        for t in range(max_length):
            logits, state = model.decoder(previous, state)
            previous = logits.argmax(dim=1)
            tokens[:, t] = previous
            length += ~finished
            finished |= previous == model.eos_id
            if finished.all():
                break
    model.train(was_training)
    return [row[:n].tolist() for row, n in zip(tokens, length)]
