# says: first token you choose is missing
# costs: 0.18..0.23
# public: yes
# seen: CSC401 submissions: first prediction dropped (2 of 20 misaligned)
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = [[] for _ in range(source.shape[0])]
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = torch.full_like(source[:, 0], model.bos_id)
        finished = torch.zeros_like(previous, dtype=torch.bool)
        for step in range(max_length + 1):
            logits, state = model.decoder(previous, state)
            previous = logits.argmax(dim=1)
            for row, token in enumerate(previous.tolist()):
                if not finished[row] and step > 0:
                    translations[row].append(token)
            finished |= previous == model.eos_id
            if finished.all():
                break
    model.train(was_training)
    return translations
