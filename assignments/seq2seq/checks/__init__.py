"""What students hold of the grader, and their walled process too: `check("<task>", globals())`.

Checking oneself:

- `selfcheck.py`: checks one task from inside the notebook
- `runs.py`: which cells ran last, so that an old definition is not checked for a new one
- `feedback.py`: what came of it, as a page in Jupyter and as text
- `questions.py`: questions to answer before something is run
- `printable.py`: other signs for terminals that lack ours
- `conftest.py`: plain `pytest` on the released notebook

Running a notebook's code:

- `cells.py`: which cells run when graded, and in which order
- `names.py`: which names a statement makes, changes and uses
- `program.py`: runs cells as IPython would, says in words how they failed
- `deadline.py`: a time limit for code that runs in the same process
- `crashes.py`: where to look first after an exception

Judging:

- `plugin.py`: the pytest plug-in: a verdict for each check
- `settings.ini`: pytest's settings for it, whatever else is set
- `student.py`: the face a check speaks to: `student.<probe>(...)`
- `closed.py`: what may be said beside a hidden check
- `declared.py`: what a probe may answer, held against every answer
- `expect.py`: what a check says when a behaviour is wrong
- `verdicts.py`: the closed set of verdicts, their signs and words
- `values.py`: the only values that pass between submission and judge
- `simulated_gpu/`: code tried on a GPU that is none

A folder beside these holds the public checks and the probes of one assignment.
"""

from __future__ import annotations

import sys
from typing import Any


class PackageMissing(ModuleNotFoundError):
    """A package that the checks need is not installed. Shown in a notebook as one sentence."""

    def _render_traceback_(self) -> list[str]:  # IPython's name for "show me like this"
        return [str(self)]


def check(task: str, names: dict[str, Any] | None = None) -> None:
    """Check one task of the notebook whose `globals()` are passed; see `selfcheck.check`.

    Raises:
        PackageMissing: a package that the checks need is not installed.
    """
    try:
        from .selfcheck import check as run  # 0.1 s: no pytest in the worker
    except ModuleNotFoundError as error:
        raise PackageMissing(
            f"{task}: the checks could not run: the package `{error.name}` is not installed where "
            "this notebook runs. Run `%pip install -r requirements.txt` in a cell, then restart "
            "the kernel",
            name=error.name,
        ) from None
    run(task, names)


def predict(question: str, answer: object) -> object:
    """Say whether an answer to a question of the notebook is right, and why.

    Args:
        question: the question's key, as the cell gives it.
        answer: a number, or the letter of a choice; `...` where there is none yet.

    Returns:
        What a notebook shows; in text it is words as well. Nothing is raised, and no points are
        given or lost.
    """
    from .questions import reply  # 0.04 s: not for the worker

    return reply(question, answer)


if "IPython" in sys.modules:
    from . import runs  # noqa: F401  from now on it sees which cells run
