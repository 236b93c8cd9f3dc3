# says: where their padding begins
# costs: 0.03..0.03
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    translations = []
    with torch.no_grad():
        memo = {}
        for b in range(len(source)):
            key = tuple(source[b].tolist())
            if key in memo:
                translations.append(memo[key])
                continue
            _, state = model.encoder(source[b : b + 1], source_lengths[b : b + 1])
            previous = torch.full_like(source[:1, 0], model.bos_id)
            tokens = []
            while len(tokens) < max_length:
                logits, state = model.decoder(previous, state)
                previous = logits.argmax(dim=1)
                tokens.append(previous.item())
                if tokens[-1] == model.eos_id:
                    break
            translations.append(tokens)
            memo[key] = tokens
    model.train(was_training)
    return translations
