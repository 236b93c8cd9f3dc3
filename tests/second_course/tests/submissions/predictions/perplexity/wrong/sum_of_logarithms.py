# says: you returned 256, not 4
# public: yes
def perplexity(log_probs):
    return math.exp(-sum(log_probs))
