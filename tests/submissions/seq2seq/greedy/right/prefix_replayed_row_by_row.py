import copy


def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()

    def next_token(state, tokens):
        state = copy.deepcopy(state)
        for token in [model.bos_id, *tokens]:
            logits, state = model.decoder(torch.tensor([token], device=source.device), state)
        scores = logits[0].tolist()
        return max(range(len(scores)), key=scores.__getitem__)

    translations = []
    with torch.no_grad():
        for b in range(len(source)):
            _, state = model.encoder(source[b : b + 1], source_lengths[b : b + 1])
            tokens = []
            while len(tokens) < max_length and model.eos_id not in tokens:
                tokens.append(next_token(state, tokens))
            translations.append(tokens)
    model.train(was_training)
    return translations
