def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    order = torch.argsort(source_lengths, descending=True)
    back = torch.argsort(order)
    longest = int(source_lengths.max())
    with torch.no_grad():
        _, (h, c) = model.encoder(source[order][:, :longest], source_lengths[order])
        h, c = h[:, back], c[:, back]
        tokens = torch.full((source.shape[0], max_length), model.pad_id, device=source.device)
        lengths = torch.full((source.shape[0],), max_length, device=source.device)
        previous = torch.full((source.shape[0],), model.bos_id, device=source.device)
        for t in range(max_length):
            logits, (h, c) = model.decoder(previous, (h, c))
            previous = logits.softmax(-1).argmax(-1)
            tokens[:, t] = previous
            ended = (previous == model.eos_id) & (lengths == max_length)
            lengths[ended] = t + 1
            if (tokens[:, : t + 1] == model.eos_id).any(1).all():
                break
    model.train(was_training)
    return [row[:n].tolist() for row, n in zip(tokens, lengths)]
