# says: EOS is left out of a translation, and what the model says after it is kept
# costs: 0.26..0.28
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
                if token != model.eos_id:
                    translations[row].append(token)
    model.train(was_training)
    return translations
