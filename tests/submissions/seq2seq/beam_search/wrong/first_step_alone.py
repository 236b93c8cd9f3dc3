# says: the search stops too early
# costs: 0.90..1.00
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = torch.full((len(source),), model.bos_id, device=source.device)
        logits, _ = model.decoder(previous, state)
        values, words = logits.log_softmax(dim=1).topk(min(beam_width, logits.shape[1]), dim=1)
    model.train(was_training)
    return [
        [Hypothesis([word], value, value) for value, word in zip(*row)]
        for row in zip(values.tolist(), words.tolist())
    ]
