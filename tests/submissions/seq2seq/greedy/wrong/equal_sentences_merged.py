# says: entries for a batch
# costs: 0.08..0.08
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = {}
    with torch.no_grad():
        for row, length in zip(source, source_lengths):
            _, state = model.encoder(row[None], length[None])
            previous = row.new_tensor([model.bos_id])
            tokens = []
            while len(tokens) < max_length and model.eos_id not in tokens:
                logits, state = model.decoder(previous, state)
                previous = logits.argmax(dim=1)
                tokens.append(previous.item())
            translations[tuple(row[:length].tolist())] = tokens
    model.train(was_training)
    return list(translations.values())
