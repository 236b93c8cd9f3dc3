# says: goes on after its EOS
# costs: 0.90..1.00
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    size = int(source.max()) + 1
    results = []
    for _ in source:
        row = []
        for _ in range(beam_width):
            tokens = torch.randint(size, (max_length,)).tolist()
            total = -3.0 * torch.rand(()).item()
            row.append(Hypothesis(tokens, total, total))
        results.append(sorted(row, key=lambda one: -one.score))
    return results
