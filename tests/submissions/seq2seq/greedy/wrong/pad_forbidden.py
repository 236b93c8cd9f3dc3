# says: words like others
# costs: 0.04..0.05
# public: yes
# seen: OpenNMT-py #714, fairseq: PAD is never selected
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
            logits = logits.index_fill(1, torch.tensor([model.pad_id], device=source.device), -1e9)
            previous = logits.argmax(dim=1)
            for row, token in enumerate(previous.tolist()):
                if not finished[row]:
                    translations[row].append(token)
            finished = finished | (previous == model.eos_id)
            if finished.all():
                break
    model.train(was_training)
    return translations
