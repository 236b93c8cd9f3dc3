# says: the decoder was not called
# costs: 0.90..1.00
def beam_search(model, source, source_lengths, beam_width, max_length, length_penalty=0.0):
    return [[Hypothesis([model.eos_id], 0.0, 0.0)] for _ in source]
