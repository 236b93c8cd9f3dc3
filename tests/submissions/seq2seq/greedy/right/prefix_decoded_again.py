def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, start = model.encoder(source, source_lengths)
        prefixes = torch.full((len(source), 1), model.bos_id, device=source.device)
        for _ in range(max_length):
            state = start
            for previous in prefixes.unbind(1):
                logits, state = model.decoder(previous, state)
            prefixes = torch.cat([prefixes, logits.argmax(1, keepdim=True)], 1)
            if (prefixes == model.eos_id).any(1).all():
                break
    model.train(was_training)
    result = []
    for row in prefixes[:, 1:].tolist():
        end = row.index(model.eos_id) + 1 if model.eos_id in row else max_length
        result.append(row[:end])
    return result
