@torch.no_grad()
def greedy_decode(model, source, source_lengths, max_length):
    mode = model.training
    model.eval()
    _, (h, c) = model.encoder(source, source_lengths)

    def words(b):
        state = (h[:, b : b + 1].contiguous(), c[:, b : b + 1].contiguous())
        token = torch.tensor([model.bos_id], device=source.device)
        for _ in range(max_length):
            logits, state = model.decoder(token, state)
            token = logits.argmax(-1)
            yield int(token)
            if int(token) == model.eos_id:
                return

    result = [list(words(b)) for b in range(source.size(0))]
    model.train(mode)
    return result
