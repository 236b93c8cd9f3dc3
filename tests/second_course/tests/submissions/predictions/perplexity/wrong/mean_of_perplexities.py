# says: not of something else
def perplexity(log_probs):
    return sum(math.exp(-log_prob) for log_prob in log_probs) / len(log_probs)
