# says: remember which rows are left
# costs: 0.17..0.20
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = [[] for _ in range(len(source))]
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        previous = torch.full_like(source[:, 0], model.bos_id)
        rows = list(range(len(source)))
        for _ in range(max_length):
            logits, (h, c) = model.decoder(previous, (h, c))
            previous = logits.argmax(dim=1)
            for row, token in zip(rows, previous.tolist()):
                translations[row].append(token)
            alive = (previous != model.eos_id).nonzero().flatten()
            if len(alive) == 0:
                break
            previous, h, c = previous[alive], h[:, alive], c[:, alive]
            rows = alive.tolist()
    model.train(was_training)
    return translations
