def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        ys = torch.full((len(source), 1), model.bos_id, device=source.device)
        unfinished = torch.ones(len(source), dtype=torch.long, device=source.device)
        for _ in range(max_length):
            logits, (h, c) = model.decoder(ys[:, -1], (h, c))
            token = logits.argmax(-1) * unfinished + model.pad_id * (1 - unfinished)
            ys = torch.cat([ys, token[:, None]], dim=1)
            h, c = h * unfinished[None, :, None], c * unfinished[None, :, None]
            unfinished = unfinished * (token != model.eos_id).long()
            if unfinished.max() == 0:
                break
    model.train(was_training)
    out = []
    for row in ys[:, 1:].tolist():
        out.append([])
        for token in row:
            out[-1].append(token)
            if token == model.eos_id:
                break
    return out
