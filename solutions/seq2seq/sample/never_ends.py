def greedy_decode(model, source, source_lengths, max_length):
    model.eval()
    _, state = model.encoder(source, source_lengths)
    previous = torch.full_like(source[:, 0], model.bos_id)
    tokens = []
    while (previous != model.eos_id).any():  # waits for an EOS that may never come
        logits, _ = model.decoder(previous, state)
        previous = logits.argmax(dim=1)
        tokens = previous.tolist()
    return tokens
