# mistakes: order_not_restored, padded_to_equal_length
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = [[] for _ in range(len(source))]
    with torch.no_grad():
        order = source_lengths.argsort(descending=True)
        _, state = model.encoder(source[order], source_lengths[order])
        previous = torch.full_like(source[:, 0], model.bos_id)
        finished = torch.zeros_like(previous, dtype=torch.bool)
        for step in range(max_length):
            logits, state = model.decoder(previous, state)
            previous = logits.argmax(dim=1)
            for row, token in enumerate(previous.tolist()):
                translations[row].append(model.pad_id if finished[row] else token)
            finished = finished | (previous == model.eos_id)
            if finished.all():
                break
    model.train(was_training)
    return translations
