from dataclasses import dataclass


@torch.jit.script
def summed(logits: Tensor, gold: Tensor, pad_id: int) -> Tensor:
    log_p = torch.log_softmax(logits, 1)
    nll = -log_p.gather(1, gold.unsqueeze(1)).squeeze(1)
    return torch.where(gold == pad_id, torch.zeros_like(nll), nll).sum()


@dataclass
class Pass:
    model: nn.Module
    ratio: float
    total: Tensor | float = 0.0
    count: int = 0

    def run(self, source, source_lengths, target):
        _, state = self.model.encoder(source, source_lengths)
        inputs = target[:, 0].clone()
        for t in range(target.size(1) - 1):
            logits, state = self.model.decoder(inputs, state)
            gold = target[:, t + 1]
            self.total = self.total + summed(logits, gold, self.model.pad_id)
            self.count += int(torch.count_nonzero(gold != self.model.pad_id))
            with torch.no_grad():
                if np.random.random_sample() >= self.ratio:
                    gold = torch.argmax(logits, dim=-1)
            inputs = gold.clone()
        return self.total / self.count


def train_step(
    model: Seq2Seq,
    optimizer: optim.Optimizer,
    source: Tensor,
    source_lengths: Tensor,
    target: Tensor,
    teacher_forcing_ratio: float = 1.0,
    clip: float = 1.0,
) -> float:
    model.zero_grad(set_to_none=True)
    with torch.enable_grad():
        loss = Pass(model.train(), teacher_forcing_ratio).run(source, source_lengths, target)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip, norm_type=2.0, foreach=False)
    optimizer.step()
    return loss.item()
