"""What a wrong submission that nobody has seen before costs on a warm server, and with `grade`.

`python -m tests.bench.served` takes so many of the corpus for each task, has a server grade them,
one after the other, and then the command. The secret is new each time: nothing is known of them.
"""

from __future__ import annotations

import argparse
import os
import random
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

from ..corpus import Entry, entries
from ..serving import Client, serving
from .one import cost

LESSON = Assignment("seq2seq")
SEED = 7  # of the choice


def main() -> None:
    """Print the seconds of all, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=2, metavar="N", help="submissions of each task")
    chosen = choice(parser.parse_args().each)
    salt = secrets.token_hex(8)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        # by their cells one is not the other, so that no result is at hand
        first, second = ([handed_in(folder, one, word) for one in chosen] for word in ("a", "b"))
        with serving(folder / "s", "--jobs", "1", salt=salt) as server:
            ready = server.seconds
            server.post(b"{")  # starts the process that grades
            posts = [asked(server, notebook) for notebook in first]
        runs = [graded(notebook, salt) for notebook in second]
        alone = own(first)
    print(*(entry.id for entry in chosen))
    print(f"ready after {ready:.2f} s of wall time")
    for name, parts in (("POST", posts), ("grade", runs), ("the submission", alone)):
        for kind, seconds in zip(("wall", "processor"), zip(*parts, strict=True), strict=True):
            told = " ".join(f"{one:.2f}" for one in seconds)
            print(f"{name}, {kind}: median {median(seconds):.2f} s of {told}")


def choice(each: int) -> list[Entry]:
    """So many wrong entries of each task."""
    generator = random.Random(SEED)
    found = sorted(entries(LESSON, ("wrong",)), key=lambda entry: entry.id)
    tasks = [task.key for task in LESSON.graded_tasks]
    return [
        entry
        for task in tasks
        for entry in generator.sample([one for one in found if one.task == task], each)
    ]


def handed_in(folder: Path, entry: Entry, word: str) -> Path:
    """The solution with an entry's cell, and a line in it that does nothing."""
    notebook = nbformat.reads(nbformat.writes(LESSON.source), as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == entry.task:
            cell.source = f"{entry.code}\n_unused = {word!r}\n"
    path = folder / f"{entry.task}-{entry.name}-{word}.ipynb"
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
    wall, found = build(LESSON.name), []
    for path in [notebooks[0], *notebooks]:  # the first brings what suites remember
        cells = repair(nbformat.read(path, as_version=4), released_notebook(LESSON)).cells
        costs = cost(LESSON, wall, cells, Precedents())
        found.append((costs.whole, costs.student))
    wall.close()
    return found[1:]


if __name__ == "__main__":
    main()
