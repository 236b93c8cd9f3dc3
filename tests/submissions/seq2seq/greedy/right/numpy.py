def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = np.full(len(source), model.bos_id)
        history = np.zeros((len(source), 0), dtype=np.int64)
        alive = np.ones(len(source), dtype=bool)
        for _ in range(max_length):
            logits, state = model.decoder(torch.from_numpy(previous).to(source.device), state)
            previous = logits.cpu().numpy().argmax(1)
            history = np.concatenate([history, previous[:, None]], axis=1)
            alive &= previous != model.eos_id
            if not alive.any():
                break
    model.train(was_training)
    result = []
    for row in history:
        ends = np.flatnonzero(row == model.eos_id)
        result.append(list(row[: ends[0] + 1] if len(ends) else row))
    return result
