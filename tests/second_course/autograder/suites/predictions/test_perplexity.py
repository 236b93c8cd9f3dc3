import pytest
import torch

from checks.expect import expect


@pytest.mark.graded(weight=2, needs=["of_equally_likely_words_it_is_their_number"])
def test_takes_the_mean_of_the_logarithms(student, reference, generator):
    """Where words had different chances, you return e to minus the mean of the logarithms."""
    log_probs = (-5 * torch.rand((7,), generator=generator)).tolist()
    found = student.perplexity(log_probs=log_probs)
    wanted = reference.perplexity(log_probs=log_probs)
    expect(
        abs(found - wanted) < 1e-4 * wanted,
        "the perplexity of words with different chances was another",
        "is the mean taken of the logarithms, and not of something else?",
    )
