# says: not the most probable
# costs: 0.90..1.00
def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        logits, _ = model.decoder(torch.full_like(source[:, 0], model.bos_id), state)
    model.train(was_training)
    return [[token] * max_length for token in logits.argmax(1).tolist()]
