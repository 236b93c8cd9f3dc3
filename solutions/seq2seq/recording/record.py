"""Runs the lesson with its solutions from top to bottom, and records the results of section 5.

`python solutions/seq2seq/recording/record.py` writes them into `handout/recorded/`, from where
they stand in for what a student has not finished. Processor time is printed cell by cell.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME.parents[1]))
os.environ.setdefault("MPLBACKEND", "agg")

from autograder.assignment import Assignment
from autograder.notebook.lesson import grade_id
from autograder.release.source import build_source


def main() -> None:
    """Run and record."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("results", nargs="*", help="record these alone, by their names")
    parser.add_argument("--into", type=Path, default=HOME / "handout" / "recorded")
    parser.add_argument("--seed", type=int, default=0, help="another chance")
    parser.add_argument("--file", type=Path, help="real sentences in place of the course's")
    options = parser.parse_args()
    into = options.into.resolve()
    settings = {"seed": options.seed, "sentences_file": options.file and options.file.resolve()}
    assignment = Assignment(HOME.name)
    with tempfile.TemporaryDirectory() as scratch:
        folder = build_source(assignment, Path(scratch))
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        sys.modules.pop("checks", None)  # students' checks, not the repository's
        if not options.results:
            shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True, exist_ok=True)
        run(assignment, into, settings, options.results)


def run(
    assignment: Assignment, into: Path, settings: dict[str, Any], results: Collection[str]
) -> None:
    """Run every code cell in one set of names, as a notebook would."""
    names: dict[str, Any] = {"__name__": "__main__"}
    began = time.process_time()
    for number, cell in enumerate(assignment.source.cells):
        if cell.cell_type != "code":
            continue
        if grade_id(cell) == "experiments":
            record(into, results)
        start = time.process_time()
        exec(compile(cell.source, f"cell {number}", "exec"), names)
        if "sentences_file = " in cell.source:
            names.update(settings)
        title = grade_id(cell) or cell.source.strip().splitlines()[0]
        print(f"--- {time.process_time() - start:6.1f} s: {title}", flush=True)
    print(f"--- {time.process_time() - began:6.1f} s in all")


def record(into: Path, results: Collection[str]) -> None:
    """From now on write every table that is computed, or those of `results`, into a folder."""
    import pandas as pd
    import stand_ins

    class Recorder(stand_ins.Results):
        def of(
            self, name: str, compute: Callable[[], pd.DataFrame], needs: Collection[str] = ()
        ) -> pd.DataFrame:
            if results and name not in results:
                return self._recorded(name, "")
            table = super().of(name, compute, needs)
            table.to_csv(into / f"{name}.csv", index=False, float_format="%.6g")
            return table

    stand_ins.Results = Recorder


if __name__ == "__main__":
    main()
