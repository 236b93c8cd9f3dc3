# says: was not called
# costs: 0.90..1.00
def greedy_decode(model, source, source_lengths, max_length):
    return [list(range(max_length)) for _ in source]
