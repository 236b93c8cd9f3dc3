import functools


def in_eval(function):
    @functools.wraps(function)
    def wrapped(model, *args, **kwargs):
        before = model.training
        model.eval()
        with torch.no_grad():
            result = function(model, *args, **kwargs)
        model.train(before)
        return result

    return wrapped


@in_eval
def greedy_decode(model, source, source_lengths, max_length=100):
    outputs, state = model.encoder(source=source, source_lengths=source_lengths)
    del outputs
    previous = torch.empty_like(source_lengths).fill_(model.bos_id)
    tokens = [[] for _ in range(source.size(0))]
    for _ in range(max_length):
        logits, state = model.decoder.forward(previous, state)
        previous = torch.argsort(logits, dim=1, descending=True)[:, 0]
        for said, token in zip(tokens, previous.tolist()):
            if not said or said[-1] != model.eos_id:
                said.append(token)
        if all(said[-1] == model.eos_id for said in tokens):
            break
    return tokens
