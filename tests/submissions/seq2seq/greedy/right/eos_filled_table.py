@torch.inference_mode()
def greedy_decode(model: Seq2Seq, source: Tensor, source_lengths: Tensor, max_length: int) -> list[list[int]]:
    was_training = model.training
    model.eval()
    batch = source.size(0)
    table = torch.full((batch, max_length), model.eos_id, dtype=torch.long, device=source.device)
    _, state = model.encoder(source, source_lengths)
    previous = torch.full((batch,), model.bos_id, dtype=torch.long, device=source.device)
    ended = previous.new_zeros(batch, dtype=torch.bool)
    for step in range(max_length):
        if bool(ended.all()):
            break
        logits, state = model.decoder(previous, state)
        _, best = F.log_softmax(logits.double(), dim=-1).topk(1, dim=-1)
        previous = best.squeeze(-1)
        table[:, step] = previous.masked_fill(ended, model.eos_id)
        ended.logical_or_(previous.eq(model.eos_id))
    model.train(was_training)
    lists = table.tolist()
    return [row[: row.index(model.eos_id) + 1] if model.eos_id in row else row for row in lists]
