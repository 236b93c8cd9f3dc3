"""Results are kept under everything they depend on: none is stale, and none is made twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.files import write_whole
from autograder.judge import grade as judge
from autograder.judge.fingerprint import inputs_digest, result_key, task_fingerprint
from autograder.judge.results import Result, Results
from autograder.notebook.repair import Submission, repair
from autograder.report.record import TaskReport
from autograder.wall.limits import Limits
from autograder.wall.wall import CONFINED, UNCONFINED, Wall
from checks.program import Cell
from checks.verdicts import CheckResult, Verdict

LESSON = Assignment("seq2seq")
GREEDY = next(task for task in LESSON.graded_tasks if task.key == "greedy")
CELLS = (Cell("greedy", "def greedy_decode(): ..."),)
RESULT = Result(
    TaskReport(
        "greedy",
        15.0,
        (CheckResult("greedy/a", "You stop.", 1.0, Verdict.WRONG, False, "é", "no"),),
    ),
    ("a cell was missing",),
    {"BLEU": 41.5},
)


def key(
    cells: tuple[Cell, ...] = CELLS,
    level: str = CONFINED,
    limits: Limits | None = None,
    salt: str = "salt",
) -> str:
    """A key, of which one part may be another."""
    return result_key(LESSON, GREEDY, cells, Wall(level, "seq2seq", limits), salt)


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    Results(tmp_path / "new").put("key", RESULT)
    assert Results(tmp_path / "new").get("key") == RESULT


@pytest.mark.parametrize("text", ["", "{", "[]", '{"task": 1}', '{"task": {}, "findings": []}'])
def test_a_spoilt_file_is_no_result(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    assert Results(tmp_path).get("key") is None


def test_a_folder_that_cannot_be_written_costs_no_mark(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Results(tmp_path / "file").put("key", RESULT)
    assert Results(tmp_path / "file").get("key") is None


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    write_whole(path, "before")

    def full(self: Path, text: str, **_: object) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "after")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("report.json", "before")]


def test_the_key_follows_everything_a_mark_depends_on() -> None:
    others = [
        key(cells=(replace(CELLS[0], code="def greedy_decode(): pass"),)),
        key(cells=(replace(CELLS[0], whole=False),)),
        key(level=UNCONFINED),
        key(limits=Limits(call_seconds=3.0)),
        key(salt="another"),
    ]
    assert len({key(), *others}) == len(others) + 1
    assert key() == key()


def test_another_tasks_checks_may_change_without_a_new_mark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = Path.read_bytes

    def changed(name: str) -> None:
        def other(self: Path) -> bytes:
            return b"# changed\n" + read(self) if self.name == name else read(self)

        monkeypatch.setattr(Path, "read_bytes", other)

    def fingerprints() -> dict[str, str]:
        task_fingerprint.cache_clear()
        return {task.key: task_fingerprint(LESSON, task, "salt") for task in LESSON.graded_tasks}

    before = fingerprints()
    changed("test_greedy.py")
    after = fingerprints()
    assert {name for name in before if before[name] != after[name]} == {"greedy"}
    changed("lstm.py")
    assert {name for name in before if before[name] == fingerprints()[name]} == set()
    monkeypatch.undo()
    task_fingerprint.cache_clear()


def test_the_digest_of_all_inputs_sees_every_task() -> None:
    assert inputs_digest(LESSON) != inputs_digest(LESSON, ("test_greedy.py",))


@pytest.fixture
def solution() -> Submission:
    """The instructor's notebook as a submission."""
    return repair(LESSON.source, LESSON.source)


def test_only_what_is_missing_is_graded(
    solution: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def run(assignment: object, submission: object, wall: object, salt: str, tasks: list) -> list:  # type: ignore[type-arg]  # stands for the judge's own
        asked.append([task.key for task in tasks])
        return [Result(TaskReport(task.key, task.points), (), {}) for task in tasks]

    monkeypatch.setattr(judge, "_run", run)
    wall, results = Wall(CONFINED, "seq2seq"), Results(tmp_path)
    judge.grade(LESSON, solution, wall, "salt", ["greedy"], results)
    first = judge.grade(LESSON, solution, wall, "salt", None, results)
    second = judge.grade(LESSON, solution, wall, "salt", None, results)
    assert asked == [["greedy"], ["encoder", "decoder", "teacher_forcing", "beam_search"], []]
    assert first == second
    judge.grade(LESSON, solution, wall, "salt", None)
    assert len(asked[-1]) == 5
