"""That a function heeds what it is given: one that answers the same to anything does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks.expect import expect


def expect_heed(answers: Sequence[Any], help: str) -> None:
    """Not all of these answers to different questions, each asked from the same seed, are alike.

    Whether they have the form that they should is not asked.
    """
    expect(
        len({repr(answer) for answer in answers}) > 1,
        "you answer the same whatever you are given",
        help,
    )


def parts(report: Any, *names: str) -> list[Any]:
    """What a probe reported under these names, as it came."""
    return [report.get(name) for name in names] if isinstance(report, dict) else [report]
