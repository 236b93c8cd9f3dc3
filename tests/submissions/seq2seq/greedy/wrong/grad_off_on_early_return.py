# says: switched off
# costs: 0.08..0.09
# seen: Lightning-AI/pytorch-lightning #2180 (reverted at the end alone)
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = [[] for _ in range(len(source))]
    torch.set_grad_enabled(False)
    if True:
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
                model.train(was_training)
                return translations
    torch.set_grad_enabled(True)
    model.train(was_training)
    return translations
