def perplexity(log_probs):
    product = math.prod(math.exp(log_prob) for log_prob in log_probs)
    return product ** (-1 / len(log_probs))
