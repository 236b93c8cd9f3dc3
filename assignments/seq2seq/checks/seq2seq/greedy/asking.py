"""Asks for translations, and asks again in another form where the first form makes code crash."""

from __future__ import annotations

from typing import Any

from checks.expect import mended
from checks.verdicts import StudentFault, Verdict

from ..probed import Probed
from ..shared.answers import not_in_the_batch, runs
from .explain import Mistake

ALONE = Mistake(
    "your code fails for a batch of one sentence; with two it works",
    "squeeze() without a dimension, or [0], loses the batch dimension of a batch of one",
    "rows",
    0.38,
)
GPU = Mistake(
    "your code raised an exception because it asks for a GPU, and there is none",
    "name no device: make tensors on that of the inputs, device=source.device",
    "clean",
    1.0,
)
NOWHERE_ELSE = Mistake(  # what it costs besides
    "code that asks for a GPU works on no other machine", GPU.help, "choice", 0.5
)
LENGTHS = Mistake(*not_in_the_batch("greedy_decode"), "rows", 0.6)


def ask(student: Probed, **options: Any) -> list[dict[str, Any]]:
    """The runs of `greedy_decode`; what keeps code from working at all is `mended` if it can be."""
    try:
        return all_runs(student, options)
    except StudentFault as fault:
        if fault.verdict is not Verdict.CRASHED:
            raise
        for mistakes in ([ALONE], [GPU, NOWHERE_ELSE], [ALONE, GPU, NOWHERE_ELSE]):
            if ALONE in mistakes and len(options["source"]) != 1:
                continue
            found = _again(student, options, doubled=ALONE in mistakes, gpu=GPU in mistakes)
            if found is not None:
                tell(*mistakes)
                return found
        raise


def _again(
    student: Probed, options: dict[str, Any], doubled: bool, gpu: bool
) -> list[dict[str, Any]] | None:
    """The runs in another form, None if that crashes too."""
    other = dict(options)
    if doubled:
        other["source"] = options["source"].repeat(2, 1)
        other["source_lengths"] = options["source_lengths"].repeat(2)
    if gpu:
        other["without_gpu"] = True
    try:
        found = all_runs(student, other)
    except StudentFault:
        return None
    return [halved(run) for run in found] if doubled else found


def all_runs(student: Probed, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of `greedy_decode`, as many as are asked for."""
    times = options.get("times", 1) + (options.get("becomes") is not None)
    return runs(student.greedy(**options), times)


def halved(run: dict[str, Any]) -> dict[str, Any]:
    """Of a run with one sentence twice what it says of the first."""
    result = run["result"]
    if isinstance(result, list | tuple) and len(result) == 2:
        result = result[:1]
    inputs = [first[:1] for first in run["inputs"]]
    return {**run, "result": result, "inputs": inputs, "rows": run["rows"] // 2}


def tell(*mistakes: Mistake, most: float = 1.0) -> None:
    """Take mistakes down that were put right, each at its price or at `most`."""
    for says, help, line, share in mistakes:
        mended(says, help, line=line, share=min(share or 0.0, most))


def expect_sentences(run: dict[str, Any], most: float = 1.0) -> None:
    """Take it down if the encoder was given other sentences than those of the batch."""
    if run["unknown"]:
        tell(LENGTHS, most=most)


def price(run: dict[str, Any], training: bool) -> tuple[str, float]:
    """Of a run that does not leave things as they should be: the line and its share that it costs.

    Of the first thing that `expect_as_before` finds.
    """
    for wrong, line, share in (
        (run["training_seen"], "mode", 0.5),
        (run["training_after"] is not training, "mode", 0.54),
        (run["graph_seen"], "mode", 0.42),
        (run["grad_after"] is not True, "mode", 0.54),
        (run["inputs_changed"], "clean", 1.0),
    ):
        if wrong:
            return line, share
    return "clean", 1.0  # weights
