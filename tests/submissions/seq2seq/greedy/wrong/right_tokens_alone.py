# says: remember model.training
# costs: 0.17..0.19
def greedy_decode(model, source, source_lengths, max_length):
    model.eval()
    translations = [[] for _ in range(len(source))]
    _, state = model.encoder(source, source_lengths)
    previous = torch.full((len(source),), model.bos_id, device=source.device)
    finished = torch.zeros_like(previous, dtype=torch.bool)
    for _ in range(max_length):
        logits, state = model.decoder(previous, state)
        previous = logits.argmax(dim=1)
        for row, token in enumerate(previous.tolist()):
            if not finished[row]:
                translations[row].append(token)
        finished = finished | (previous == model.eos_id)
    return translations
