import torch

from checks.expect import expect


def test_turns_each_row_into_probabilities(student):
    """Each row becomes e to the power of its logits, divided by their sum."""
    logits = torch.tensor([[0.0, 0.0], [0.0, 1.0986123]])
    wanted = torch.tensor([[0.5, 0.5], [0.25, 0.75]])
    found = student.softmax(logits=logits)
    expect(
        isinstance(found, torch.Tensor) and found.shape == wanted.shape,
        "no tensor of the shape of the logits came back",
        "is a `return` missing, or `keepdim=True`?",
    )
    expect(
        torch.allclose(found, wanted, atol=1e-4),
        "a row of logits 0 and log 3 did not become 1/4 and 3/4",
        "the sum is that of each row: the last dimension",
    )
