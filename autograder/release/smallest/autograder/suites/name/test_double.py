import pytest
import torch

from checks.expect import expect


@pytest.mark.graded(weight=2, needs=["doubles_each_number"], on_crash="a number may be negative")
def test_doubles_negative_numbers(student, reference, generator):
    """You double negative numbers too."""
    numbers = (-torch.randint(1, 99, (5,), generator=generator)).tolist()
    right = student.double(numbers=numbers) == reference.double(numbers=numbers)
    expect(right, "a negative number was not doubled", "is there an abs() too many?")
