"""The comparison on a real device: its logic, tried with the CPU in the device's place."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from autograder.__main__ import main
from autograder.assignment import ROOT, Assignment
from autograder.errors import NoDevice
from autograder.judge.batch import Grader
from autograder.judge.parity import Parity, flag
from autograder.judge.reference import reference
from autograder.notebook.repair import repair
from autograder.offering import Offering
from autograder.report.record import Report
from autograder.suites.seq2seq.devices import TOLERANCES, compare
from autograder.suites.seq2seq.tolerances import SIZES, solution
from autograder.wall.container import DOCKER, PODMAN, container
from autograder.wall.gpu import Gpu, device_nodes, library_folders, require
from autograder.wall.limits import Limits
from autograder.wall.sandbox import bubblewrap
from autograder.wall.session import Session
from autograder.wall.trial import leaks
from autograder.wall.wall import Bubblewrap
from checks.seq2seq.probed import Probed
from checks.seq2seq.shared.devices import arithmetic
from checks.verdicts import StudentFault, Verdict

ASSIGNMENT = Assignment("seq2seq")
TASKS = [task.key for task in ASSIGNMENT.graded_tasks]
GPU = Gpu(("/dev/nvidia0", "/dev/nvidiactl"), ("/opt/driver/lib",))
THERE = "there"  # the CPU under another name

Change = Callable[[str, Any], Any]  # of what a probe returned


class Elsewhere:
    """Answers as the solution does; on the other device after a change."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        away = inputs["device"] == THERE
        value = getattr(reference(ASSIGNMENT), probe)(**{**inputs, "device": "cpu"})
        return self._change(probe, value) if away else value


def found(change: Change, *tasks: str) -> dict[str, Any]:
    """The comparison of a student with such a device, and of a solution with a sound one."""
    student = Probed(Elsewhere(change), None)
    solution = Probed(Elsewhere(lambda probe, value: value), None)
    return compare(student, solution, "parity", THERE, tasks or TASKS)


def moved(value: Any, by: float) -> Any:
    """All numbers in tensors, a little larger."""
    if isinstance(value, Tensor):
        return value + by if value.is_floating_point() else value
    if isinstance(value, list | tuple):
        return type(value)(moved(part, by) for part in value)
    if isinstance(value, dict):
        return {name: moved(part, by) for name, part in value.items()}
    return value


def test_a_submission_that_does_the_same_agrees_in_all_it_is_compared_in() -> None:
    report = found(lambda probe, value: value)
    assert report["agrees"] is True
    seen = {name for task in report["tasks"].values() for name in task["quantities"]}
    assert seen == set(TOLERANCES)
    for task in report["tasks"].values():
        for quantity in task["quantities"].values():
            assert quantity["from the CPU"] == quantity["from the solution there"] == 0.0


@pytest.mark.parametrize("task", ["encoder", "decoder", "teacher_forcing"])
def test_a_difference_beyond_the_tolerance_is_flagged(task: str) -> None:
    assert found(lambda probe, value: moved(value, 1e-6), task)["agrees"] is True
    report = found(lambda probe, value: moved(value, 1e-2), task)
    assert report["agrees"] is False
    assert task in flag({"on there": report}, "there")


def test_other_translations_are_judged_by_what_they_lose() -> None:
    def worse(probe: str, value: Any) -> Any:
        tokens = [[row[0], *row[:-2], row[-1]] if len(row) > 2 else row for row in value["result"]]
        return {**value, "result": tokens}

    report = found(worse, "greedy")
    assert report["agrees"] is False
    assert report["tasks"]["greedy"]["quantities"]["regret"]["from the CPU"] > 1e-3


@pytest.mark.parametrize("nonsense", [None, 7, {}, {"state": "no"}, {"result": [[True]]}])
@pytest.mark.parametrize("task", TASKS)
def test_nonsense_from_the_device_disagrees(task: str, nonsense: Any) -> None:
    assert found(lambda probe, value: nonsense, task)["agrees"] is False


def test_what_is_not_a_number_disagrees() -> None:
    assert found(lambda probe, value: moved(value, float("nan")), "decoder")["agrees"] is False


def test_a_crash_on_the_device_alone_disagrees() -> None:
    def crash(probe: str, value: Any) -> Any:
        raise StudentFault(Verdict.CRASHED, "two devices")

    report = found(crash, "greedy")
    assert report["tasks"]["greedy"]["why"] == "crashed there, not on the CPU"
    assert report["agrees"] is False


def test_a_submission_that_is_wrong_on_the_cpu_too_is_compared_with_itself_alone() -> None:
    class Wrong(Elsewhere):
        def call(self, probe: str, inputs: dict[str, Any]) -> Any:
            return moved(super().call(probe, inputs), 1.0)

    sound = Probed(Elsewhere(lambda probe, value: value), None)
    report = compare(Probed(Wrong(lambda p, v: v), None), sound, "parity", THERE, ["decoder"])
    quantities = report["tasks"]["decoder"]["quantities"]
    assert report["agrees"] is True
    assert quantities["state"]["from the solution there"] is None


def test_a_device_that_is_not_there_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    absent = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(NoDevice, match=absent):
        require(absent)
    notebook = tmp_path / "one.ipynb"
    nbformat.write(ASSIGNMENT.source, notebook)
    assert main(["grade", "seq2seq", str(notebook), "--device", absent]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"--device {absent}" in said


@pytest.mark.parametrize("tf32", [False, True])
@pytest.mark.parametrize("deterministic", [False, True])
def test_a_comparison_computes_with_cudnn_and_puts_its_settings_back(
    tf32: bool, deterministic: bool
) -> None:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul

    def settings() -> tuple[Any, ...]:
        return cudnn.enabled, cudnn.benchmark, cudnn.deterministic, matmul.allow_tf32

    before = settings()
    with arithmetic(tf32=tf32, deterministic=deterministic):
        assert settings() == (before[0], not deterministic, deterministic, tf32)
    assert settings() == before


def test_the_solution_hands_no_state_to_its_layers_that_cudnn_refuses() -> None:
    class Contiguous(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func in (torch.lstm, torch.gru):
                states = [part for part in args if isinstance(part, tuple | list)]
                assert all(part.is_contiguous() for part in states[0])
            return func(*args, **(kwargs or {}))

    lesson = solution()
    torch.manual_seed(0)
    sizes = {**SIZES, "vocab_size": 12}
    model = lesson.Seq2Seq(lesson.Encoder(**sizes), lesson.Decoder(**sizes), 0, 1, 2)
    source, lengths = torch.randint(3, 12, (3, 5)), torch.tensor([5, 2, 4])
    target = torch.randint(3, 12, (3, 4))
    with Contiguous():
        lesson.train_step(
            model, torch.optim.SGD(model.parameters(), lr=0.1), source, lengths, target
        )
        lesson.greedy_decode(model, source, lengths, 4)
        lesson.beam_search(model, source, lengths, 3, 4)


@pytest.fixture
def grader() -> Iterator[Grader]:
    with contextlib.closing(Bubblewrap("seq2seq")) as wall:
        yield Grader(Offering(ASSIGNMENT, "parity"), ASSIGNMENT.source, wall, ["decoder"])


def test_the_mark_is_the_same_with_the_comparison_beside_it(grader: Grader, tmp_path: Path) -> None:
    notebook = tmp_path / "one.ipynb"
    nbformat.write(ASSIGNMENT.source, notebook)
    report = Report("seq2seq", (), beside={"greedy BLEU on hidden sentences": 40.0})
    both = Parity(grader, grader.wall, "cpu").beside(notebook, report)
    assert both.tasks == report.tasks
    assert both.beside.keys() == {*report.beside, "on cpu"}
    assert both.beside["on cpu"]["agrees"] is True
    assert Report.from_json(both.to_json()).beside == both.beside
    json.dumps(both.beside, allow_nan=False)


def test_a_gpu_is_not_seen_behind_the_wall_that_marks() -> None:
    cells = repair(ASSIGNMENT.source, ASSIGNMENT.source).cells
    look = cells[0].__class__("spy", "import os; raise ValueError(sorted(os.listdir('/dev')))")
    with (
        contextlib.closing(Bubblewrap("seq2seq")) as wall,
        Session(wall, [look]) as session,
    ):
        with pytest.raises(StudentFault):
            session.call("no_such_probe", {})
        assert "null" in session.troubles["spy"].message
        assert "nvidia" not in session.troubles["spy"].message
    assert not any("nvidia" in part for part in bubblewrap("seq2seq", 1))
    for engine in (PODMAN, DOCKER):
        command = container(engine, "n", "seq2seq", Limits())
        asked = [part for part in command if "gpu" in part and "/checks/" not in part]
        assert asked == []  # the simulated one is a folder of the checks


def test_the_wall_holds_with_what_a_gpu_needs() -> None:
    with contextlib.closing(Bubblewrap("seq2seq", gpu=Gpu(()))) as wall:
        assert leaks(wall) == []


def test_bubblewrap_lets_in_what_a_gpu_needs_and_no_more() -> None:
    without, given = bubblewrap("seq2seq", 1), bubblewrap("seq2seq", 1, GPU)
    place = next(i for i, pair in enumerate(zip(without, given, strict=False)) if len({*pair}) > 1)
    added = given[place : place + len(given) - len(without)]
    assert given[:place] + given[place + len(added) :] == without
    assert added[:2] == ["--unsetenv", "CUDA_VISIBLE_DEVICES"]
    bound = [added[i + 1] for i, word in enumerate(added) if word == "--dev-bind"]
    assert bound == list(GPU.nodes)
    read = {added[i + 1] for i, word in enumerate(added) if word == "--ro-bind-try"}
    assert read == {"/opt/driver/lib", "/sys/bus/pci", "/sys/devices", "/sys/module"}
    assert given.index("--dev") < place < given.index("/dev", given.index("--dev") + 2)


def test_a_container_asks_its_engine_for_the_gpu() -> None:
    limits = Limits()
    asked = {PODMAN: "--device=nvidia.com/gpu=all", DOCKER: "--gpus=all"}
    for engine, option in asked.items():
        command = container(engine, "name", "seq2seq", limits, GPU)
        assert option in command
        assert "NVIDIA_TF32_OVERRIDE=0" in command
        assert not any(part.startswith("CUDA_VISIBLE_DEVICES") for part in command)


def test_with_a_gpu_memory_that_may_be_written_is_limited_in_place_of_addresses() -> None:
    assert Limits().arguments()[0].startswith("AS=")
    assert Limits().arguments(gpu=True) == [
        argument.replace("AS=", "DATA=") for argument in Limits().arguments()
    ]


def test_the_nodes_of_a_gpu_are_known_by_name() -> None:
    names = ["null", "nvidia0", "nvidia12", "nvidiactl", "nvidia-uvm", "nvidia-caps", "nvram"]
    names += ["nvidia", "nvidia0p1", "sda", "nvidia-uvm-tools", "dri", "nvidia-modeset"]
    assert device_nodes(names) == (
        "/dev/nvidia-caps",
        "/dev/nvidia-uvm",
        "/dev/nvidia-uvm-tools",
        "/dev/nvidia0",
        "/dev/nvidia12",
        "/dev/nvidiactl",
    )


def test_only_driver_libraries_that_are_not_seen_anyway_are_let_in() -> None:
    listing = """2 libs found in cache `/etc/ld.so.cache'
\tlibcuda.so.1 (libc6,x86-64) => /opt/driver/lib/libcuda.so.1
\tlibnvidia-ml.so.1 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1
\tlibc.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libc.so.6
"""
    assert library_folders(listing, ["/usr"]) == ("/opt/driver/lib",)
    assert library_folders(listing, ["/usr", "/opt"]) == ()


def test_the_page_states_the_tolerances() -> None:
    page = (ROOT / "docs" / "devices.md").read_text()
    rows = re.findall(r"^\| ([a-z-]+) \|.*\| (\de-\d\d) \|$", page, re.MULTILINE)
    assert {name: float(limit) for name, limit in rows} == TOLERANCES


def test_a_tolerance_is_a_hundred_times_what_the_page_says_was_measured() -> None:
    page = (ROOT / "docs" / "devices.md").read_text()
    for row in re.findall(r"^\| [a-z-]+ \|.*\| \de-\d\d \|$", page, re.MULTILINE):
        *measured, limit = map(float, re.findall(r"\d(?:\.\d)?e-?\d\d", row.replace("e+", "e")))
        assert all(100 * spread <= limit for spread in measured), row
