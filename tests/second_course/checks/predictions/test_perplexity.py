import math

from checks.expect import expect


def test_of_equally_likely_words_it_is_their_number(student):
    """Where each word had one chance in four, you return 4."""
    found = student.perplexity(log_probs=[math.log(1 / 4)] * 4)
    expect(
        abs(found - 4) < 1e-4,
        f"for four words of probability 1/4 you returned {found:.4g}, not 4",
        "the mean of the logarithms, its sign turned, as the power of e",
    )
