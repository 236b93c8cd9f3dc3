def softmax(logits):
    return torch.softmax(logits.double(), dim=-1).float()
