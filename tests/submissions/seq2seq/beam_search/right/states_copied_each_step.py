import copy


def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    """One hypothesis at a time, each with a deep copy of its state and its own history."""
    was_training = model.training
    model.eval()
    results = []
    with torch.no_grad():
        for b in range(source.size(0)):
            _, state = model.encoder(source[[b]], source_lengths[[b]])
            live = [{"tokens": [], "total": 0.0, "state": state}]
            pool = []
            for _ in range(max_length):
                children = []
                for one in live:
                    last = (one["tokens"] or [model.bos_id])[-1]
                    previous = torch.tensor([last], device=source.device)
                    logits, after = model.decoder(previous, copy.deepcopy(one["state"]))
                    values = F.log_softmax(logits.double(), dim=-1)[0]
                    for token in range(len(values)):
                        value = values[token].item()
                        if value != -math.inf:
                            children.append((one["total"] + value, one, token, after))
                children.sort(key=lambda child: -child[0])
                live = []
                for total, parent, token, after in children[:beam_width]:
                    child = {
                        "tokens": copy.deepcopy(parent["tokens"]) + [token],
                        "total": total,
                        "state": copy.deepcopy(after),
                    }
                    (pool if token == model.eos_id else live).append(child)
                if not live:
                    break
            found = [
                Hypothesis(
                    one["tokens"],
                    one["total"],
                    one["total"] / ((5 + len(one["tokens"])) / 6) ** length_penalty,
                )
                for one in pool + live
            ]
            results.append(sorted(found, key=lambda one: one.score, reverse=True)[:beam_width])
    model.train(was_training)
    return results
