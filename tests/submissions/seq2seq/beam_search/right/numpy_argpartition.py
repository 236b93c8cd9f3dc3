def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    out = []
    with torch.no_grad():
        _, (h0, c0) = model.encoder(source, source_lengths)
        for b in range(source.shape[0]):
            h, c = h0[:, [b]], c0[:, [b]]
            words = np.zeros((1, 0), dtype=np.int64)
            sums = np.zeros(1)
            previous = np.array([model.bos_id])
            found = []
            for _ in range(max_length):
                logits, (h, c) = model.decoder(torch.from_numpy(previous).to(source.device), (h, c))
                table = (sums[:, None] + logits.double().log_softmax(1).cpu().numpy()).ravel()
                n = min(beam_width, table.size)
                keep = np.argpartition(-table, n - 1)[:n]
                keep = keep[np.isfinite(table[keep])]
                parents, tokens = np.divmod(keep, logits.shape[1])
                words = np.concatenate([words[parents], tokens[:, None]], axis=1)
                sums = table[keep]
                ended = tokens == model.eos_id
                found += [(list(w), s) for w, s in zip(words[ended], sums[ended])]
                words, sums, previous = words[~ended], sums[~ended], tokens[~ended]
                if not len(sums):
                    break
                h, c = h[:, parents[~ended]], c[:, parents[~ended]]
            found += [(list(w), s) for w, s in zip(words, sums)]
            row = [Hypothesis(w, s, s / ((5 + len(w)) / 6) ** length_penalty) for w, s in found]
            out.append(sorted(row, key=lambda x: x.score)[::-1][:beam_width])
    model.train(was_training)
    return out
