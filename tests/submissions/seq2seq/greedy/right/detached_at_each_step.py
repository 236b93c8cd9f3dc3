def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    _, (h, c) = model.encoder(source, source_lengths)
    previous = torch.full_like(source_lengths, model.bos_id)
    rows = [[] for _ in range(len(source))]
    for _ in range(max_length):
        logits, (h, c) = model.decoder(previous, (h.detach(), c.detach()))
        previous = logits.detach().argmax(dim=1)
        for row, token in zip(rows, previous.tolist()):
            if not row or row[-1] != model.eos_id:
                row.append(token)
        if all(row[-1] == model.eos_id for row in rows):
            break
    model.train(was_training)
    return rows
