# %% [markdown]
# # How sure is a model?
#
# A model of language gives every word of its vocabulary a number. You turn these numbers into
# probabilities, and the probabilities of a text into one number that says how surprised it is.
#
# | task | what you write | points |
# |---|---|---|
# | `softmax` | the function `softmax` | 6 |
# | `perplexity` | the function `perplexity` | 4 |
# | `reflection` | a few sentences, graded by hand | 5 |
# | **total** | | **15** |

# %% nbgrader={"grade_id": "setup", "locked": true} tags=["worker"]
import math

import torch

# %% nbgrader={"grade_id": "checks", "locked": true}
from checks import check, predict

# %% [markdown]
# ## Task `softmax` (6 points)
#
# `logits` is a tensor of shape (..., V). Return a tensor of the same shape, in which every row
# along the last dimension is the softmax of that row. Logits may be as large as 1000.


# %% nbgrader={"grade_id": "softmax", "solution": true}
def softmax(logits):
    """Return probabilities, (..., V), for logits, (..., V)."""
    ### BEGIN SOLUTION
    shifted = logits - logits.max(dim=-1, keepdim=True).values
    weights = shifted.exp()
    return weights / weights.sum(dim=-1, keepdim=True)
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_softmax", "grade": true, "locked": true, "points": 6}
check("softmax", globals())

# %% [markdown]
# ## Task `perplexity` (4 points)
#
# `log_probs` is a list with the natural logarithm of the probability of each word of a text. Return
# the perplexity: e to the power of minus their mean.


# %% nbgrader={"grade_id": "perplexity", "solution": true}
def perplexity(log_probs):
    """Return the perplexity of a text as a float, given the log-probabilities of its words."""
    ### BEGIN SOLUTION
    return math.exp(-sum(log_probs) / len(log_probs))
    ### END SOLUTION


# %% [markdown]
# {{predict even_odds}}

# %%
predict("even_odds", ...)

# %% nbgrader={"grade_id": "test_perplexity", "grade": true, "locked": true, "points": 4}
check("perplexity", globals())

# %% [markdown]
# ## Task `reflection` (5 points)
#
# A model gives every word of a vocabulary of V words the same probability. What is its perplexity,
# and why? Two or three sentences.

# %% [markdown] nbgrader={"grade_id": "reflection", "grade": true, "solution": true, "points": 5}
# === BEGIN MARK SCHEME ===
# It is V (2 points): every word has log-probability -log V, so the mean is -log V as well, and e to
# the power of log V is V (3 points).
# === END MARK SCHEME ===
