"""The folders of suites say what is in them; probes, their list and their types agree."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from autograder.assignment import Assignment
from checks.seq2seq import probes
from checks.seq2seq.probed import Probed
from checks.student import Asked

SEQ2SEQ = Assignment("seq2seq")


def test_every_probe_of_a_task_is_listed_and_nothing_else() -> None:
    written = {
        function
        for task in SEQ2SEQ.graded_tasks
        for function in vars(importlib.import_module(f"checks.seq2seq.{task.key}.probes")).values()
        if inspect.isfunction(function)
        and next(iter(inspect.signature(function).parameters), "") == "lesson"
    }
    assert {getattr(probes, name) for name in probes.__all__} == written
    assert all(getattr(probes, name).__name__ == name for name in probes.__all__)


def test_a_check_is_offered_every_probe_by_its_name() -> None:
    offered = [name for name, value in vars(Probed).items() if isinstance(value, Asked)]
    assert sorted(offered) == sorted(probes.__all__)


def test_what_a_check_asks_goes_to_the_runner_as_it_is() -> None:
    class Noted:
        def call(self, probe: str, inputs: dict[str, Any]) -> Any:
            return probe, inputs

    asked: dict[str, Any] = {"config": {}, "filling": {"seed": 1}, "batches": []}
    for name in probes.__all__:
        assert getattr(Probed(Noted(), None), name)(**asked) == (name, asked)
    assert Probed(Noted(), None).encode(**asked, seed=3) == ("encode", {**asked, "seed": 3})
