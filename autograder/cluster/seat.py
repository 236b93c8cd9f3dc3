"""The process of a worker that grades: `python -m autograder.cluster.seat`.

A line of its input is a question as JSON, a line of its output the answer. First it is told the
assignment and the limits, tries its wall, and says under which conditions it grades; then every
line is an order. It ends with its input, or with the worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from autograder.assignment import Assignment
from autograder.errors import Failure, GraderFault, Undecided
from autograder.wall.inside.namespaces import die_with_parent
from autograder.wall.limits import Limits
from autograder.wall.wall import Wall, begin
from checks.program import Cell

from .order import Admission, Heard


def main() -> None:
    """Serve until there is nothing more to read."""
    die_with_parent()
    with _answers() as answers:
        first = json.loads(sys.stdin.readline())
        limits = Limits().changed(first["limits"])
        try:
            wall, admission = _tried(first["assignment"], limits)
        except (Failure, OSError) as error:
            _say(answers, Admission(refused=str(error)))
            return
        with contextlib.closing(wall):
            _say(answers, admission)
            for line in sys.stdin:
                _say(answers, heard(Assignment(first["assignment"]), wall, json.loads(line)))


@contextlib.contextmanager
def _answers() -> Iterator[TextIO]:
    """The stream of answers; whatever else is printed goes to the worker's log."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)
        yield stream


def _say(stream: TextIO, record: Admission | Heard) -> None:
    stream.write(json.dumps(asdict(record)) + "\n")
    stream.flush()


def _tried(name: str, limits: Limits) -> tuple[Wall, Admission]:
    begun = begin(name, limits)
    # 1.9 s, in which the sandbox that was begun does as much
    from autograder.judge.fingerprint import conditions
    from autograder.wall.build import build

    wall = build(name, limits=limits, begun=begun)
    return wall, Admission(conditions(Assignment(name), wall))


def heard(assignment: Assignment, wall: Wall, order: dict[str, Any]) -> Heard:
    """Grade what an order asks for, if its results would have the keys that are wanted."""
    # 1.9 s, spent when the wall was tried
    from autograder.judge.grade import result_keys, run_tasks
    from autograder.offering import Offering

    try:
        offering = Offering(assignment, order["salt"])
        cells = [Cell(**cell) for cell in order["cells"]]
        wanted = order["keys"]
        keys = result_keys(offering, cells, wall, wanted)
        if keys != wanted:
            return Heard(error="a worker grades under other conditions than it was admitted with")
        results = run_tasks(offering, cells, wall, list(wanted))
        return Heard({wanted[result.task.key]: result.written() for result in results})
    except Undecided as error:
        return Heard(error=str(error), undecided=True)
    except GraderFault as error:
        return Heard(error=str(error))
    except Exception as error:  # a fault of ours that one submission has found
        return Heard(error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
