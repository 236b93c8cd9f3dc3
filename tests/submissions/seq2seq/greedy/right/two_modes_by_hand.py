def greedy_decode(model, source, source_lengths, max_length):
    before = (model.training, model.encoder.training, model.decoder.training)
    model.eval(), model.encoder.eval(), model.decoder.eval()
    grad = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    _, state = model.encoder(source, source_lengths)
    sentences = tuple([] for _ in range(source.shape[0]))
    token = torch.tensor([model.bos_id] * source.shape[0], device=source.device)
    step = 0
    while step < max_length and any(model.eos_id not in s for s in sentences):
        scores, state = model.decoder(token, state)
        token = torch.tensor([int(torch.argmax(s)) for s in scores], device=source.device)
        for s, t in zip(sentences, token):
            if model.eos_id not in s:
                s.append(t.item())
        step += 1
    torch.set_grad_enabled(grad)
    model.train(before[0]), model.encoder.train(before[1]), model.decoder.train(before[2])
    return [tuple(s) for s in sentences]
