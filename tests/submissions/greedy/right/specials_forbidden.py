def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        rows = [[] for _ in source]
        previous = torch.full((len(source),), model.bos_id, dtype=torch.long, device=source.device)
        open_rows = set(range(len(source)))
        for _ in range(max_length):
            logits, state = model.decoder(previous, state)
            logits = F.log_softmax(logits, dim=-1).clone()
            logits[:, [model.pad_id, model.bos_id]] = float("-inf")
            previous = logits.max(dim=-1)[1]
            for b in sorted(open_rows):
                rows[b].append(previous[b].item())
                if rows[b][-1] == model.eos_id:
                    open_rows.discard(b)
            if not open_rows:
                break
    model.train(was_training)
    return rows
