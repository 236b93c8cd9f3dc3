"""Whatever a cluster answers, loses or forgets: each submission comes back once."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Self

import nbformat
import pytest
from distributed import Security

from autograder.assignment import Assignment
from autograder.cluster import engine
from autograder.cluster.line import Lost
from autograder.cluster.order import Heard, Order
from autograder.cluster.place import Place, Reached
from autograder.judge.batch import TRIES, Grader
from autograder.judge.results import Result, Results
from autograder.offering import Offering
from autograder.report.record import TaskReport
from autograder.wall.wall import Unconfined

LESSON = Assignment("seq2seq")
TASK = "decoder"
SECRET = "a salt that nobody may see"
PLACE = Place(scheduler="tls://127.0.0.1:1")


class Cluster:
    """Stands for a scheduler and its workers; what it does next is drawn."""

    def __init__(self, seed: int, breaks: int) -> None:
        """Lose the connection so many times at most."""
        self.random, self.breaks = Random(seed), breaks
        self.asked: list[str] = []  # names of orders
        self.graded: Counter[str] = Counter()  # results that came back, by key
        self.losses: Counter[str] = Counter()

    def line(self, *_: Any) -> Line:
        """One connection."""
        return Line(self)


class Line:
    """As `cluster.line.Line`, without a network."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, patience: float) -> None:
        """A worker is there at once."""

    def look(self) -> int:
        """Three orders may be under way."""
        self._break()
        return 3

    def ask(self, name: str, order: Order) -> tuple[str, Order]:
        """Take an order."""
        self._break()
        self._cluster.asked.append(name)
        return name, order

    def told(
        self, futures: Iterable[tuple[str, Order]]
    ) -> Iterator[tuple[tuple[str, Order], Heard]]:
        """Answer some of what was asked, or lose it."""
        cluster = self._cluster
        for future in futures:
            self._break()
            ((task, key),) = json.loads(future[1].text)["keys"].items()
            match cluster.random.randrange(5):
                case 0:
                    cluster.losses[key] += 1
                    yield future, Heard(error="lost", lost=True)
                case 1:
                    cluster.losses[key] += 1
                    yield future, Heard(error="busy", undecided=True)
                case 2 | 3:
                    cluster.graded[key] += 1
                    yield future, Heard({key: Result(TaskReport(task, 1.0)).written()})

    def _break(self) -> None:
        if self._cluster.breaks and self._cluster.random.random() < 0.2:
            self._cluster.breaks -= 1
            raise Lost("gone")


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Submissions that differ."""
    folder = tmp_path_factory.mktemp("submitted")
    paths = [folder / f"{number}.ipynb" for number in range(7)]
    for path in paths:
        notebook = nbformat.reads(nbformat.writes(LESSON.source), as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == TASK:
                cell.source += f"\nnumber = {path.stem}"
        nbformat.write(notebook, path)
    return paths


@pytest.fixture
def grader(tmp_path: Path) -> Grader:
    """A grader with results of its own, whose wall is never used."""
    wall, results = Unconfined("seq2seq"), Results(tmp_path / "results")
    return Grader(Offering(LESSON, SECRET), LESSON.source, wall, [TASK], results)


def asked_of(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, grader: Grader, notebooks: list[Path]
) -> dict[Path, str]:
    """What came back for each notebook: "" for a report, else why there is none."""

    @contextlib.contextmanager
    def reached(place: Place) -> Iterator[Reached]:
        yield Reached(place.scheduler, Security())

    monkeypatch.setattr(engine, "reached", reached)
    monkeypatch.setattr(engine, "Line", cluster.line)
    monkeypatch.setattr(engine, "REST_SECONDS", 0)
    outcomes = list(engine.cluster_engine(PLACE)(grader, notebooks))
    assert sorted(one.notebook for one in outcomes) == notebooks
    assert all((one.report is None) == bool(one.error) for one in outcomes)
    return {one.notebook: one.error for one in outcomes}


@pytest.mark.parametrize("seed", range(12))
def test_each_comes_back_once_and_is_given_up_only_after_as_many_tries_as_here(
    seed: int, grader: Grader, notebooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(seed, breaks=seed)
    errors = asked_of(cluster, monkeypatch, grader, notebooks)
    given_up = [key for key, losses in cluster.losses.items() if losses == TRIES]
    assert len(given_up) == sum(error != "" for error in errors.values())
    assert set(cluster.graded.values()) <= {1}
    assert len(cluster.graded) + len(given_up) == len(notebooks)
    assert len(cluster.asked) == len(set(cluster.asked))  # nothing is asked by a name that is lost


def test_what_is_kept_is_not_asked_for(
    grader: Grader, notebooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = Cluster(1, breaks=0), Cluster(2, breaks=0)
    errors = asked_of(first, monkeypatch, grader, notebooks)
    missing = [path for path, error in errors.items() if error]
    asked_of(again, monkeypatch, grader, notebooks)
    assert len(again.graded) + sum(n == TRIES for n in again.losses.values()) == len(missing)
    assert first.graded.keys().isdisjoint(again.graded)


def test_a_name_says_neither_whose_it_is_nor_what_is_in_it(
    grader: Grader, notebooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(0, breaks=0)
    asked_of(cluster, monkeypatch, grader, notebooks)
    assert all(len(name) == len("grader-") + 32 for name in cluster.asked)
    assert SECRET not in " ".join(cluster.asked)


def test_a_result_that_cannot_be_read_is_the_graders_fault(
    grader: Grader, notebooks: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(0, breaks=0)
    monkeypatch.setattr(Result, "written", lambda self: "{}")
    monkeypatch.setattr(cluster.random, "randrange", lambda _: 2)
    errors = asked_of(cluster, monkeypatch, grader, notebooks)
    assert set(errors.values()) == {"a worker's results cannot be read"}
