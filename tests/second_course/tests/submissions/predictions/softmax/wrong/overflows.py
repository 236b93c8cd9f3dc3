# says: exp overflows
def softmax(logits):
    weights = logits.exp()
    return weights / weights.sum(dim=-1, keepdim=True)
