"""What trying code on a simulated GPU reports, and what a student is told of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import torch
from torch import Tensor

from checks.expect import Wrong
from checks.simulated_gpu.accelerator import Accelerator
from checks.simulated_gpu.elsewhere import elsewhere, expect_at_home

Code = Callable[[Tensor], Any]


def tried(code: Code, *placed: str) -> dict[str, Any]:
    """What `elsewhere` reports of code that is given a tensor."""
    return elsewhere(lambda device: {"value": code(torch.arange(3.0).to(device))}, placed)


def told(report: Any, name: str = "made_here") -> str:
    """What a student reads."""
    with pytest.raises(Wrong) as found:
        expect_at_home(report, name)
    return f"{found.value.rationale}. {found.value.help}"


def made_here(x: Tensor) -> Tensor:
    return x + torch.ones(3)


def test_a_message_names_who_made_the_tensor_and_where() -> None:
    assert told(tried(made_here)) == (
        "a tensor created inside `made_here` (with torch.ones) is on the CPU while the model is on "
        "the GPU. create it with device=source.device"
    )


def test_the_maker_is_named_though_others_worked_on_the_tensor() -> None:
    def made_here(x: Tensor) -> Tensor:
        mask = (torch.zeros(3)[None] + 1).expand(1, 3).clone()[0] * 2
        return x * mask

    report = tried(made_here)
    assert (report["rule"], report["how"]) == ("mixed", "zeros")
    assert report["inside"].endswith("test_the_maker_is_named_though_others_worked_on_the_tensor")


def test_only_the_contracts_names_are_shown() -> None:
    report = tried(made_here)
    assert "made_here" not in told(report, "greedy_decode")
    assert "inside a function of yours" in told(report, "greedy_decode")
    assert "secret" not in told({**report, "how": "secret", "rule": "secret"}, "greedy_decode")


@pytest.mark.parametrize("nonsense", [None, 3, {}, {"verdict": "splendid"}, {"verdict": ["fine"]}])
def test_nonsense_is_no_pass(nonsense: Any) -> None:
    assert told(nonsense)


def test_what_fails_on_the_cpu_too_is_not_reported_as_a_matter_of_devices() -> None:
    with pytest.raises(ZeroDivisionError):
        tried(lambda x: 1 / 0)


def test_what_fails_for_another_reason_is_not_checked() -> None:
    def fails_there(x: Tensor) -> Tensor:
        if x.is_cuda:
            torch.cuda.synchronize()
        return x

    assert tried(fails_there) == {"verdict": "not checked"}


def test_a_refusal_that_was_dealt_with_is_fine() -> None:
    def tries(x: Tensor) -> Tensor:
        ones = torch.ones(3)
        try:
            return x + ones
        except RuntimeError:
            return x + ones.to(x.device)

    assert tried(tries, "value") == {"verdict": "fine"}


def test_a_refusal_that_was_hushed_up_is_not() -> None:
    def hushes(x: Tensor) -> Tensor:
        try:
            return x + torch.ones(3)
        except RuntimeError:
            return x

    assert tried(hushes, "value")["verdict"] == "refused"


def test_results_belong_on_the_device() -> None:
    assert tried(lambda x: x.cpu(), "value") == {"verdict": "misplaced"}
    assert tried(lambda x: (x, [x.cpu()]), "value") == {"verdict": "misplaced"}
    assert tried(lambda x: x.cpu()) == {"verdict": "fine"}
    assert "without .cpu()" in told(tried(lambda x: x.cpu(), "value"))


def scripted() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(with_ones)


def with_ones(x: Tensor) -> Tensor:
    return x + torch.ones(3)


def test_scripted_code_is_not_checked() -> None:
    script = scripted()
    assert tried(lambda x: script(x) + x) == {"verdict": "not checked"}
    assert tried(lambda x: script(x)) == {"verdict": "not checked"}
    seen: dict[str, object] = {}
    expect_at_home(tried(lambda x: script(x)), "greedy_decode", seen.__setitem__)
    assert list(seen) == ["greedy_decode on a simulated GPU"]


def test_a_scripted_module_is_not_checked() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.script(torch.nn.Linear(3, 3))
    assert tried(lambda x: module(x)) == {"verdict": "not checked"}


def test_a_function_transform_is_not_checked() -> None:
    report = tried(lambda x: torch.vmap(lambda row: row * 2)(x) + x)
    assert report == {"verdict": "not checked"}


def test_everything_is_as_before_afterwards() -> None:
    call, generator = torch._C.ScriptFunction.__call__, torch.Generator
    asked, cudnn = torch.cuda.is_available, torch.backends.cudnn.enabled
    with suppress(KeyError), Accelerator() as gpu:
        assert torch.Generator is not generator
        x = torch.ones(2).to(gpu.device)
        raise KeyError
    assert torch._C.ScriptFunction.__call__ is call
    assert torch.Generator is generator
    assert torch.cuda.is_available is asked
    assert torch.backends.cudnn.enabled is cudnn
    assert x.device.type == "cpu"  # outside, it is what it is
    assert (x + torch.ones(2)).tolist() == [2.0, 2.0]


def test_where_a_tensor_lies_is_remembered_from_call_to_call() -> None:
    kept: list[Tensor] = []

    def keeps(x: Tensor) -> Tensor:
        kept.append(x)
        return x + kept[0].to(x.device)

    assert tried(keeps) == {"verdict": "fine"}
    assert tried(lambda x: x + kept[-1]) == {"verdict": "fine"}


def test_is_available_says_no_there() -> None:
    def follows(x: Tensor) -> Tensor:
        return x + torch.ones(3, device="cuda" if torch.cuda.is_available() else "cpu")

    assert tried(follows)["verdict"] == "refused"


def test_compiled_code_is_followed_as_it_was_written() -> None:
    compiled = torch.compile(made_here, backend="eager")
    report = tried(lambda x: compiled(x))
    assert (report["how"], report["inside"]) == ("ones", "made_here")
    doubled = torch.compile(twice, backend="eager")
    assert tried(lambda x: doubled(x), "value") == {"verdict": "fine"}


def twice(x: Tensor) -> Tensor:
    return x * 2
