"""Results of the experiments: from your own code if it is finished, else recorded ones."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

TASKS = ("encoder", "decoder", "teacher_forcing", "greedy", "beam_search")
LEARNS = TASKS[:3]  # every experiment needs these: without them there is no translator
FOLDER = Path(__file__).with_name("recorded")


class NotRecorded(Exception):
    """No result was recorded. Shown as one sentence, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Results:
    """Gives the table of each experiment: computed by your functions, or recorded.

    The recorded tables come from the reference solution. They hold numbers and translations, no
    code. Words above a recorded table say that it is recorded, and so does its figure.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        *,
        anyway: Collection[str] = (),
        recorded_only: bool = False,
    ) -> None:
        """Find out which tasks are finished: those whose public checks all pass.

        Args:
            names: the notebook's `globals()`.
            anyway: tasks whose code is used even if its checks do not pass.
            recorded_only: compute nothing.

        Raises:
            ValueError: `anyway` has a name that is no task.
        """
        unknown = sorted(set(anyway) - set(TASKS))
        if unknown:
            raise ValueError(f"there is no task {unknown[0]!r}; the tasks are {', '.join(TASKS)}")
        self.recorded_only = recorded_only
        self.learned = True  # nothing has failed yet
        self.own: set[str] = set()
        if recorded_only:
            print("Nothing is computed: all results below are recorded.")
            return
        self.own = {task for task in TASKS if task in anyway or _passes(task, names)}
        for task in TASKS:
            print(f"{task:16} {'yours' if task in self.own else 'not finished'}")
        if len(self.own) < len(TASKS):
            print(
                "\nA result that needs an unfinished task is shown as it was recorded with the "
                "reference solution,\nand marked. Finish the task, run its cell and its check, "
                "then this cell and those below."
            )

    def of(
        self, name: str, compute: Callable[[], pd.DataFrame], needs: Collection[str] = ()
    ) -> pd.DataFrame:
        """Return the table `name`: what `compute` returns, or what was recorded.

        `needs` are the tasks that it needs besides encoder, decoder and teacher forcing. If your
        code raises an exception, a line says so, and you get the recorded table instead.

        Raises:
            NotRecorded: nothing was recorded for this result.
        """
        missing = [task for task in TASKS if task in {*LEARNS, *needs} - self.own]
        if self.recorded_only:
            return self._recorded(name, "")
        if missing:
            return self._recorded(name, f"not finished: {', '.join(missing)}")
        if not self.learned:
            return self._recorded(name, "your training stopped with an error, see above")
        try:
            return compute()
        except Exception as error:  # whatever a student's code may raise: the notebook goes on
            self.learned = self.learned and name != "training"
            return self._recorded(name, f"your code stopped with {type(error).__name__}: {error}")

    def _recorded(self, name: str, why: str) -> pd.DataFrame:
        """Return the recorded table, and print that it is recorded, and why."""
        if not (FOLDER / f"{name}.csv").exists():
            raise NotRecorded(f"no result to show{f' ({why})' if why else ''}; none was recorded")
        print("RECORDED with the reference solution, not yours" + (f" ({why})" if why else ""))
        table = pd.read_csv(FOLDER / f"{name}.csv")
        table.attrs["recorded"] = True
        return table


def _passes(task: str, names: Mapping[str, Any]) -> bool:
    """Whether all public checks of a task pass; checks that cannot run do not pass."""
    try:
        from checks.selfcheck import passes

        return passes(task, dict(names))
    except (ImportError, RuntimeError) as error:  # a package is missing, or the checks are broken
        print(error)
        return False
