# says: words like others
# costs: 0.06..0.06
# public: yes
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = [[] for _ in range(source.shape[0])]
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
            finished = finished | (previous == model.eos_id)
            if finished.all():
                break
    model.train(was_training)
    specials = {model.pad_id, model.bos_id}
    return [[token for token in row if token not in specials] for row in translations]
