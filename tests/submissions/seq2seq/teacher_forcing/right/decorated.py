import functools


def one_update(loss_function):
    """Turn a function that returns a loss into one that trains."""

    @functools.wraps(loss_function)
    def step(model, optimizer, *batch, clip=1.0, **options):
        if len(batch) == 5:  # clip given by position
            *batch, clip = batch
        optimizer.zero_grad()
        model.train()
        loss = loss_function(model, *batch, **options)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        return loss.item()

    return step


@one_update
def train_step(model, source, source_lengths, target, teacher_forcing_ratio=1.0):
    _, state = model.encoder(source, source_lengths)
    inputs, golds, every = target[:, 0], target[:, 1:], []
    for gold in golds.T:
        scores, state = model.decoder(inputs, state)
        every += [scores]
        inputs = gold if np.random.rand() < teacher_forcing_ratio else scores.argmax(-1)
    every = torch.stack(every, 1)
    keep = golds != model.pad_id
    return F.nll_loss(F.log_softmax(every[keep], dim=-1), golds[keep])
