import numpy as np


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (hs, cs) = model.encoder(source, source_lengths)
        for b in range(len(source)):
            state = hs[:, [b]], cs[:, [b]]
            tokens, totals = np.zeros((1, 0), dtype=np.int64), np.zeros(1)
            pool = []
            previous = torch.tensor([model.bos_id], device=source.device)
            for _ in range(max_length):
                logits, (h, c) = model.decoder(previous, state)
                table = totals[:, None] + logits.double().log_softmax(1).cpu().numpy()
                order = np.argsort(-table, axis=None, kind="stable")[:beam_width]
                order = order[table.ravel()[order] > -np.inf]
                parents, words = np.divmod(order, table.shape[1])
                tokens = np.concatenate([tokens[parents], words[:, None]], 1)
                totals = table.ravel()[order]
                ended = words == model.eos_id
                pool += list(zip(tokens[ended], totals[ended]))
                tokens, totals, parents = tokens[~ended], totals[~ended], parents[~ended]
                if not len(tokens):
                    break
                index = torch.as_tensor(parents, device=source.device)
                state = h[:, index], c[:, index]
                previous = torch.as_tensor(tokens[:, -1], device=source.device)
            pool += list(zip(tokens, totals))
            row = [(tuple(t), p, p / ((5 + len(t)) / 6) ** length_penalty) for t, p in pool]
            results.append(tuple(sorted(row, key=lambda found: -found[2])[:beam_width]))
    model.train(was_training)
    return tuple(results)
