import pytest
import torch

from checks.expect import expect


@pytest.mark.graded(weight=2, needs=["turns_each_row_into_probabilities"])
def test_stands_large_logits(student, reference, generator):
    """Logits of a thousand give probabilities too, whatever the shape."""
    logits = 1000 * torch.randn((2, 3, 5), generator=generator)
    found, wanted = student.softmax(logits=logits), reference.softmax(logits=logits)
    expect(
        not torch.isnan(found).any() and torch.allclose(found, wanted, atol=1e-5),
        "large logits gave other numbers, or none",
        "exp overflows: take the largest logit of a row off first",
    )
