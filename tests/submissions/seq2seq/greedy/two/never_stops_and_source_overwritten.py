# mistakes: never_stops, source_overwritten
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = [[] for _ in range(len(source))]
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = source[:, 0].fill_(model.bos_id)
        finished = torch.zeros_like(previous, dtype=torch.bool)
        for step in range(max_length):
            logits, state = model.decoder(previous, state)
            previous = logits.argmax(dim=1)
            for row, token in enumerate(previous.tolist()):
                if not finished[row]:
                    translations[row].append(token)
            finished = finished | (previous == model.eos_id)
            pass
    model.train(was_training)
    return translations
