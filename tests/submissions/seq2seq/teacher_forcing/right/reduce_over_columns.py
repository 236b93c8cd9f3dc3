import functools
import operator


def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    dice = random.SystemRandom()
    mask = torch.cumsum(target[:, 1:] == model.eos_id, 1) - (target[:, 1:] == model.eos_id).long()
    mask = mask == 0  # everything up to and with EOS

    def advance(carried, column):
        previous, state, terms = carried
        logits, state = model.decoder(previous, state)
        picked = F.one_hot(target[:, column], logits.shape[1]) * logits.log_softmax(dim=1)
        terms = [*terms, -(picked.sum(dim=1) * mask[:, column - 1]).sum()]
        own = torch.max(logits, dim=1)[1]
        return target[:, column] if dice.random() < teacher_forcing_ratio else own, state, terms

    model.train(True)
    start = target[:, 0], model.encoder(source, source_lengths)[1], []
    _, _, terms = functools.reduce(advance, range(1, target.size(1)), start)
    loss = functools.reduce(operator.add, terms) / mask.sum()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    return float(loss.detach())
