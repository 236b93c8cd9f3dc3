@torch.no_grad()
def greedy_decode(model, source, source_lengths, max_length):
    mode = model.training
    model.train(False)
    known = {}
    answer = []
    for row, length in zip(source.tolist(), source_lengths.tolist()):
        key = tuple(row[:length])
        if key not in known:
            _, state = model.encoder(
                torch.tensor([key], device=source.device), torch.tensor([length], device=source.device)
            )
            tokens = []
            previous = model.bos_id
            for _ in range(max_length):
                logits, state = model.decoder(torch.tensor([previous], device=source.device), state)
                previous = logits.flatten().argmax().item()
                tokens.append(previous)
                if previous == model.eos_id:
                    break
            known[key] = tokens
        answer.append(list(known[key]))
    model.train(mode)
    return answer
