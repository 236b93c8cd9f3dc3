"""What the simulated GPU accepts and refuses: the same cases on a real one where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from autograder.assignment import ROOT
from checks.simulated_gpu.accelerator import Accelerator

from .gpu.cases import CPU, GPU, NUMBERS, REFUSED

ABSENT = "no CUDA device on this machine: the rules are asserted on the simulated one alone"


@pytest.fixture(params=["simulated", "cuda"])
def device(request: pytest.FixtureRequest) -> Iterator[torch.device]:
    """A simulated GPU, and a real one where there is one."""
    if request.param == "simulated":
        with Accelerator() as accelerator:
            yield accelerator.device
    elif torch.cuda.is_available():
        yield torch.device("cuda", 0)
    else:
        pytest.skip(ABSENT)


@pytest.mark.parametrize("name", GPU)
def test_a_result_lies_on_the_gpu(name: str, device: torch.device) -> None:
    found = GPU[name](device)
    assert found.device.type == "cuda"


@pytest.mark.parametrize("name", CPU)
def test_a_result_lies_on_the_cpu(name: str, device: torch.device) -> None:
    assert CPU[name](device).device.type == "cpu"


@pytest.mark.parametrize("name", REFUSED)
def test_a_mixture_is_refused(name: str, device: torch.device) -> None:
    kind, words, case = REFUSED[name]
    with pytest.raises(kind, match=words):
        case(device)


@pytest.mark.parametrize("name", NUMBERS)
def test_python_sees_the_same(name: str, device: torch.device) -> None:
    right, case = NUMBERS[name]
    assert case(device) == right


def test_the_page_says_how_many_cases_there_are() -> None:
    page = (ROOT / "docs" / "devices.md").read_text()
    count = len(GPU) + len(CPU) + len(REFUSED) + len(NUMBERS)
    assert f"in {count} cases" in page
