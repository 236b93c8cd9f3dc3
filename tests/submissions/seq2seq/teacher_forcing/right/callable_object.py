class TrainStep:
    """A training step as an object; the coin has a generator of its own."""

    def __init__(self):
        self.coins = np.random.default_rng()

    def __call__(
        self, model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
    ):
        model.train()
        loss = self.loss(model, source, source_lengths, target, teacher_forcing_ratio)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        return float(loss)

    def loss(self, model, source, source_lengths, target, ratio):
        every = list(self.steps(model, source, source_lengths, target, ratio))
        return F.cross_entropy(
            torch.stack(every, dim=2), target[:, 1:], ignore_index=model.pad_id
        )

    def steps(self, model, source, source_lengths, target, ratio):
        state = model.encoder(source, source_lengths)[1]
        previous = target[:, 0]
        for gold in target[:, 1:].unbind(dim=1):
            logits, state = model.decoder(previous, state)
            yield logits
            previous = gold if self.coins.random() < ratio else logits.argmax(dim=-1)


train_step = TrainStep()
