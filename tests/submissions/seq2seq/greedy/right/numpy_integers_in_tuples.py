import numpy as np


def greedy_decode(model, source, source_lengths, max_length):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        _, state = model.encoder(source, source_lengths)
        previous = torch.full_like(source[:, 0], model.bos_id)
        said = np.zeros((len(source), 0), dtype=np.int64)
        for _ in range(max_length):
            logits, state = model.decoder(previous, state)
            previous = logits.argmax(1)
            said = np.concatenate([said, previous.cpu().numpy()[:, None]], 1)
            if (said == model.eos_id).any(1).all():
                break
    model.train(was_training)
    ends = [np.flatnonzero(row == model.eos_id) for row in said]
    return tuple(tuple(row[: end[0] + 1] if len(end) else row) for row, end in zip(said, ends))
