def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    result = []
    with torch.inference_mode():
        for b in range(len(source)):
            n = int(source_lengths[b])
            _, state = model.encoder(source[b : b + 1, :n], source_lengths[b : b + 1])
            tokens = []
            token = model.bos_id
            while len(tokens) < max_length:
                logits, state = model.decoder(torch.tensor([token], device=source.device), state)
                token = int(logits[0].argmax())
                tokens.append(token)
                if token == model.eos_id:
                    break
            result.append(tokens)
    model.train(was_training)
    return result
