# says: model.encoder should be called once
# costs: 0.90..1.00
def train_step(
    model, optimizer, source, source_lengths, target, teacher_forcing_ratio=1.0, clip=1.0
):
    return 2.3
