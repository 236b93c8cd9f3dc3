# says: after the step's new tokens are counted
# costs: 0.03..0.03
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = [[] for _ in range(len(source))]
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = torch.full_like(source[:, 0], model.bos_id)
        finished = torch.zeros_like(previous, dtype=torch.bool)
        for _ in range(max_length):
            logits, state = model.decoder(previous, state)
            previous = logits.argmax(dim=1)
            for row, token in enumerate(previous.tolist()):
                if not finished[row]:
                    translations[row].append(token)
            if finished.all():
                break
            finished = finished | (previous == model.eos_id)
    model.train(was_training)
    return translations
