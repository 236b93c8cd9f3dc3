"""What a submission that nobody has seen before costs on a warm server, and with `grade`.

`python -m tests.bench.served` starts a server and asks both, for as many wrong submissions as it is
told. Each answers as no other does, and so finds no precedent.
"""

from __future__ import annotations

import argparse
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import nbformat
import psutil

from autograder.assignment import ROOT, Assignment, released_notebook
from autograder.judge.precedents import Precedents
from autograder.notebook.repair import repair
from autograder.wall.build import build

from ..serving import Client, serving
from .one import cost

TASK, FROM, TO = "decoder", "return logits, new_state", "return {} * logits, state"


def main() -> None:
    """Print a line for each submission, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=5, metavar="N")
    number = parser.parse_args().submissions
    salt = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as folder:
        with serving(Path(folder) / "s", "--jobs", "1", salt=salt) as server:
            ready = server.seconds
            # the first is asked to start the process that grades
            notebooks = [wrong(Path(folder), 1.5 + n / 64) for n in range(2 * number + 1)]
            asked(server, notebooks.pop(0))
            posts = [asked(server, notebook) for notebook in notebooks[:number]]
        runs = [graded(notebook, salt) for notebook in notebooks[number:]]
        alone = own(notebooks[:number])
    print(f"ready after {ready:.2f} s of wall time")
    for name, parts in (("POST", posts), ("grade", runs), ("the submission", alone)):
        for kind, seconds in zip(("wall", "processor"), zip(*parts, strict=True), strict=True):
            told = " ".join(f"{one:.2f}" for one in seconds)
            print(f"{name}, {kind}: median {median(seconds):.2f} s of {told}")


def wrong(folder: Path, factor: float) -> Path:
    """The solution, but for a decoder that forgets; its logits are so many times as large."""
    notebook = nbformat.reads(nbformat.writes(Assignment("seq2seq").source), as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == TASK:
            assert FROM in cell.source
            cell.source = cell.source.replace(FROM, TO.format(factor))
    path = folder / f"{factor}.ipynb"
    nbformat.write(notebook, path)
    return path


def asked(server: Client, notebook: Path) -> tuple[float, float]:
    """What a POST takes: wall time, and the processor time of the server and its judge."""
    before, began = used(server.process), time.perf_counter()
    status, _ = server.post(notebook.read_bytes())
    whole = time.perf_counter() - began
    assert status == 200
    return whole, used(server.process) - before


def used(process: subprocess.Popen[str]) -> float:
    """Processor time of a server and of the processes that grade, those of the wall left out."""
    top = psutil.Process(process.pid)
    judges = [one for one in top.children() if one.name() == top.name()]
    return sum(sum(one.cpu_times()[:2]) for one in (top, *judges))


def graded(notebook: Path, salt: str) -> tuple[float, float]:
    """What the command takes: wall time, and the processor time of all it starts."""
    command = [sys.executable, "-m", "autograder", "grade", "seq2seq", str(notebook)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "AUTOGRADER_SALT": salt},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    whole, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return whole, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def own(notebooks: list[Path]) -> list[tuple[float, float]]:
    """What grading takes in this process: wall time, and the submission's own processor time."""
    book = Assignment("seq2seq")
    wall, found = build(book.name), []
    for path in [notebooks[0], *notebooks]:  # the first brings what suites remember
        cells = repair(nbformat.read(path, as_version=4), released_notebook(book)).cells
        costs = cost(book, wall, cells, Precedents())
        found.append((costs.whole, costs.student))
    wall.close()
    return found[1:]


if __name__ == "__main__":
    main()
