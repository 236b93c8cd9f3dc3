"""Which cells of a notebook run when it is checked, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .program import Cell

WORKER_TAG = "worker"  # instructor's cells that also run when grading: set-up and given classes
STUB = "raise NotImplementedError("
TIMING_MAGIC = re.compile(r"\A\s*%%(time|timeit|capture)\b[^\n]*\n")
MAGIC = re.compile(r"^[ \t]*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)
MAX_MAGICS = 100  # lines of one cell; IPython rewrites one at a time, each time reading all


def program(cells: Iterable[dict[str, Any]]) -> list[Cell]:
    """The code to run, from the cells of a notebook in the released shape.

    Set-up and given classes run first, then stubs that still are stubs (so that an answer written
    in another cell counts), then the task cells whole, and of every other unlocked cell only the
    definitions: helpers count, training and plots do not run.
    """
    given: list[Cell] = []
    rest: list[Cell] = []
    for index, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        terms = cell["metadata"].get("nbgrader", {})
        code = "".join(cell["source"])
        label = terms.get("grade_id") or f"number {index + 1}"
        if WORKER_TAG in cell["metadata"].get("tags", []):
            given.append(Cell(label, code))
        elif terms.get("solution"):
            untouched = STUB in code
            (given if untouched else rest).append(Cell(label, without_magics(code)))
        elif not terms.get("locked"):
            rest.append(Cell(label, without_magics(code), whole=False))
    return given + rest


def without_magics(code: str) -> str:
    """Python without IPython's magics and shell lines, which do nothing when graded."""
    code = TIMING_MAGIC.sub("# timed\n", code)
    if not 0 < len(MAGIC.findall(code)) <= MAX_MAGICS:
        return code
    from IPython.core.inputtransformer2 import TransformerManager  # slow, and seldom needed

    try:
        return TransformerManager().transform_cell(code)
    except (SyntaxError, ValueError, RuntimeError, RecursionError):
        return code  # running the cell reports it, with its line
