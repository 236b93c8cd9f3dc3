# says: a candidate with EOS was kept
# costs: 0.60..1.00
# seen: budzianowski/PyTorch-Beam-Search-Decoding
import heapq


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        _, (hs, cs) = model.encoder(source, source_lengths)
        for row in range(len(source)):
            number, done = 0, []
            queue = [(0.0, 0, [], (hs[:, row : row + 1], cs[:, row : row + 1]))]
            while queue and len(done) < beam_width:
                cost, _, tokens, state = heapq.heappop(queue)
                if tokens and (tokens[-1] == model.eos_id or len(tokens) == max_length):
                    score = -cost / ((5 + len(tokens)) / 6) ** length_penalty
                    done.append(Hypothesis(tokens, -cost, score))
                    continue
                previous = torch.tensor([(tokens or [model.bos_id])[-1]], device=source.device)
                logits, state = model.decoder(previous, state)
                log_probs = logits.log_softmax(dim=1)[0]
                values, words = log_probs.topk(min(beam_width, len(log_probs)))
                for value, word in zip(values.tolist(), words.tolist()):
                    if value > -math.inf:
                        number += 1
                        heapq.heappush(queue, (cost - value, number, tokens + [word], state))
            done.sort(key=lambda one: -one.score)
            results.append(done)
    model.train(was_training)
    return results
