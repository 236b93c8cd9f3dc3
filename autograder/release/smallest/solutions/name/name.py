# %% [markdown]
# ## Task `double` (5 points)
#
# Write `double(numbers)`: given a list of numbers, return a list with each of them doubled.

# %% nbgrader={"grade_id": "checks", "locked": true}
from checks import check


# %% nbgrader={"grade_id": "double", "solution": true}
def double(numbers):
    """Return a list with each number doubled."""
    ### BEGIN SOLUTION
    return [2 * number for number in numbers]
    ### END SOLUTION


# %% nbgrader={"grade_id": "test_double", "grade": true, "locked": true, "points": 5}
check("double", globals())
