"""The wall with device nodes in it: does it hold, and does the device work behind it?"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from autograder.assignment import Assignment, released_notebook
from autograder.judge.batch import Grader
from autograder.judge.parity import Parity
from autograder.offering import Offering
from autograder.wall.gpu import Gpu
from autograder.wall.sandbox import system_folders
from autograder.wall.trial import PROMISES, NotTried, broken_promises
from autograder.wall.wall import Bubblewrap, Wall

ASSIGNMENT = Assignment("seq2seq")


def gpu_of(device: str) -> Gpu:
    """What the wall lets in; in a dry run what a GPU needs besides its nodes."""
    return Gpu.here(system_folders()) if device == "cuda" else Gpu(())


def found(device: str, few: bool) -> Iterator[tuple[str, Any]]:
    """What is let in, which promises are kept, and the solution behind the wall on the device."""
    gpu = gpu_of(device)
    yield "nodes", list(gpu.nodes)
    yield "libraries", list(gpu.libraries)
    with contextlib.closing(Bubblewrap(ASSIGNMENT.name)) as wall:
        yield "without the device", kept(wall)
    with contextlib.closing(Bubblewrap(ASSIGNMENT.name, gpu=gpu)) as wall:
        yield "with the device", kept(wall)
        with tempfile.TemporaryDirectory() as folder:
            notebook = Path(folder) / "solution.ipynb"
            nbformat.write(ASSIGNMENT.source, notebook)
            grader = Grader(Offering(ASSIGNMENT, "wall"), released_notebook(ASSIGNMENT), wall)
            compared = Parity(grader, wall, device).compare(notebook)
        yield "the solution there", {name: compared.get(name) for name in ("agrees", "why")}


def kept(wall: Wall) -> dict[str, Any]:
    """The promises that a wall breaks, by name, of how many; or why it could not be tried."""
    try:
        return {"promises": len(PROMISES), "broken": broken_promises(wall)}
    except NotTried as error:
        return {"not tried": str(error)[:300]}
