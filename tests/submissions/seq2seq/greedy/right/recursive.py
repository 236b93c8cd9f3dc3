def greedy_decode(model, source, source_lengths, max_length):
    def follow(previous, state, left):
        if left == 0:
            return []
        logits, state = model.decoder(torch.tensor([previous], device=source.device), state)
        token = logits.argmax().item()
        if token == model.eos_id:
            return [token]
        return [token, *follow(token, state, left - 1)]

    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, (h, c) = model.encoder(source, source_lengths)
        result = [
            follow(model.bos_id, (h[:, b : b + 1], c[:, b : b + 1]), max_length)
            for b in range(source.shape[0])
        ]
    model.train(was_training)
    return result
