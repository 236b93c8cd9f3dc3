"""Which cells of a notebook run when it is checked, and in which order."""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .program import Cell, Program, fresh_module

WORKER_TAG = "worker"  # instructor's cells that also run when grading: set-up and given classes
STUB = "raise NotImplementedError("
AS_GRADED = "notebook_as_graded"
# magics that run what follows them as it is
TIMING_MAGIC = re.compile(r"\A(?:\s*%%(?:time|timeit|capture|prun|memit)\b[^\n]*\n)+")
TIMING_LINE = re.compile(r"^([ \t]*)%(?:time|memit)[ \t]+(?=[^\s-])", re.MULTILINE)
MAGIC = re.compile(r"^[ \t]*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)
# what else IPython takes away: prompts, and an indentation that all lines have
PASTED = re.compile(r"\s*^(?:>>> ?|In \[\d+\]: |[ \t]+\S)", re.MULTILINE)
MAX_MAGICS = 100  # lines of one cell; IPython rewrites one at a time, each time reading all


def code_to_run(cells: Iterable[dict[str, Any]]) -> list[Cell]:
    """The code to run, from the cells of a notebook in the released shape.

    Set-up and given classes run first, then stubs that still are stubs (so that an answer written
    in another cell counts), then the task cells whole, and of every other cell the definitions and
    what the tasks need: helpers count, training and plots do not run.
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
        elif not terms.get("grade"):
            rest.append(Cell(label, without_magics(code), whole=False))
    return given + rest


def without_magics(code: str) -> str:
    """Python without IPython's magics and shell lines, which do nothing when graded."""
    code = TIMING_MAGIC.sub(lambda found: "# timed\n" * found[0].count("\n"), code)
    code = TIMING_LINE.sub(r"\1", code)
    magics = len(MAGIC.findall(code))
    if magics > MAX_MAGICS or not (magics or PASTED.match(code)):
        return code
    from IPython.core.inputtransformer2 import TransformerManager  # 0.07 s, and seldom needed

    try:
        above = len(code) - len(
            code.lstrip("\n")
        )  # it takes away empty lines, and with them numbers
        return "\n" * above + TransformerManager().transform_cell(code)
    except (SyntaxError, ValueError, RuntimeError, RecursionError):
        return code  # running the cell reports it, with its line


def lost_when_graded(
    sources: Iterable[str], names: dict[str, Any], asked: Iterable[str], folder: Path
) -> list[str]:
    """What a task's code uses in a live notebook and will not find when it is graded.

    Definitions, and the statements that make what the task needs, are run anew for it, elsewhere.

    Args:
        sources: the code cells that were run, in the order in which they were run: IPython's `In`.
        names: the notebook's names as they are: its `globals()`.
        asked: the names of the contract that the task defines: `Lesson.asked` after its checks.
        folder: where the notebook lies.

    Returns:
        A sentence for each statement that fails when graded, and for each name that none makes.
    """
    last = {source: place for place, source in enumerate(sources)}  # a cell that was run again
    ran = sorted(last, key=last.__getitem__)
    cells = [Cell(f"run {last[code]}", without_magics(code), whole=False) for code in ran]
    module = fresh_module(AS_GRADED)
    module.__name__ = "__main__"
    program = Program(cells, asked)
    with as_when_graded(folder), contextlib.redirect_stdout(io.StringIO()):
        program.run(module)
    del sys.modules[AS_GRADED]
    made = module.__dict__
    told = [one.sentence() for one in program.left_out if names.keys() & set(one.names)]
    known = {name for one in program.left_out for name in one.names} | made.keys()
    for name in sorted(program.needed & names.keys() - known - set(asked)):
        if not hasattr(builtins, name):
            told.append(
                f"`{name}` will be missing when graded: no cell's code makes it; make it in the "
                "task's cell"
            )
    return told


@contextlib.contextmanager
def as_when_graded(folder: Path) -> Iterator[None]:
    """Hide the files and modules that lie beside the notebook, as the wall does."""
    folders = tuple(str(one) + os.sep for one in (folder.absolute(), folder.resolve()))
    installed = sys.prefix + os.sep  # which may lie in the folder

    def beside(place: object) -> bool:
        path = f"{place}{os.sep}"
        return path.startswith(folders) and not path.startswith(installed)

    before, path = Path.cwd(), list(sys.path)
    hidden = {k: m for k, m in sys.modules.items() if beside(getattr(m, "__file__", None))}
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        sys.path[:] = [place for place in path if place and not beside(place)]
        for name in hidden:
            del sys.modules[name]
        try:
            yield
        finally:
            os.chdir(before)
            sys.path[:] = path
            sys.modules.update(hidden)
