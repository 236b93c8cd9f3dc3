# says: was not called
# costs: 0.90..1.00
def greedy_decode(model, source, source_lengths, max_length):
    rows = zip(source.tolist(), source_lengths.tolist())
    return [[*row[:length], model.eos_id][:max_length] for row, length in rows]
