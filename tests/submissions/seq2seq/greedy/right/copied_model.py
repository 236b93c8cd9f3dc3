import copy


@torch.no_grad()
def greedy_decode(model, source, source_lengths, max_length):
    model = copy.deepcopy(model).eval()
    _, state = model.encoder(source.clone(), source_lengths.clone())
    previous = torch.full_like(source_lengths, model.bos_id)
    result = [[] for _ in source]
    open_rows = set(range(len(source)))
    for _ in range(max_length):
        if not open_rows:
            break
        logits, state = model.decoder(previous, state)
        previous = logits.argmax(1)
        for row in sorted(open_rows):
            result[row].append(previous[row].item())
            if result[row][-1] == model.eos_id:
                open_rows.discard(row)
    return result
