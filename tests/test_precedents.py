"""A verdict that is known is not found anew, and no other verdict is taken for it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from autograder.errors import WorkerError
from autograder.judge.precedents import ByPrecedent, Precedents, Transcript
from autograder.wall.inside.wire import Message, pack, unpack
from checks.plugin import Grading, run_suite
from checks.student import Student
from checks.verdicts import StudentFault, Verdict

RUNS: list[str] = []  # which checks' bodies were run, in order
COUNT = itertools.count()
SUITE = '''
    import pytest
    from checks.expect import expect
    from tests.test_precedents import RUNS

    WORDS = {3: "it says three", 4: "it says four"}

    def test_twice(student, record_property):
        """Your function gives the same for the same."""
        RUNS.append("twice")
        first = student.echo(value=1)
        record_property("first", first)
        # what is asked next follows from what was answered
        expect(student.echo(value=first + 1) == first + 1, WORDS.get(first, "it says another"))

    @pytest.mark.graded(needs=["twice"])
    def test_after(student):
        """Your function gives back a list."""
        RUNS.append("after")
        expect(student.echo(value=[1.5]) == [1.5], "it does not")
'''


class Heard(Grading):
    """A grading that knows what the submission was asked."""

    asked: list[Any]


class Spoken:
    """Stands for a session: answers by a function, over the wire's own messages."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.asked: list[Any] = []

    def ask(self, request: Message) -> Message:
        """Answer at once; a fault travels by its name."""
        inputs = unpack(request)["inputs"]
        self.asked.append(inputs["value"])
        try:
            return pack({"value": self.function(inputs["value"])})
        except ZeroDivisionError:
            return pack({"trouble": "it failed"})

    def value(self, answer: Message) -> Any:
        """Read it."""
        reply = unpack(answer)
        if "trouble" in reply:
            raise StudentFault(Verdict.CRASHED, reply["trouble"])
        return reply["value"]


Judged = Callable[[Callable[[Any], Any]], Heard]


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Grades one function after another with the same precedents."""
    return judge_of(tmp_path, echo=SUITE)


def judge_of(folder: Path, **suites: str) -> Judged:
    """Grades functions with a suite of these files, `<task>=<code>`."""
    files = []
    for task, code in suites.items():
        files.append(folder / f"test_{task}.py")
        files[-1].write_text(dedent(code))
    precedents = Precedents()

    def judge(function: Callable[[Any], Any]) -> Heard:
        RUNS.clear()
        session = Spoken(function)
        transcript = Transcript(session)
        grading = Heard(Student(transcript, None), None, "salt")
        try:
            run_suite(files, grading, ByPrecedent(grading, transcript, precedents))
        finally:
            for file in files:  # suites of other tests may bear the same name
                sys.modules.pop(file.stem, None)
        grading.asked = session.asked
        return grading

    return judge


def right(value: Any) -> Any:
    """The echo."""
    return value


def test_the_same_answers_get_the_same_verdicts_without_a_run(judged: Judged) -> None:
    first = judged(right)
    assert RUNS == ["twice", "after"]
    again = judged(lambda value: value)
    assert RUNS == []
    assert again.results == first.results
    assert again.beside == first.beside == {"echo": {"first": 1}}
    assert again.asked == first.asked == [1, 2, [1.5]]


def test_a_new_answer_is_judged_by_the_check_itself(judged: Judged) -> None:
    judged(right)
    other = judged(lambda value: 7 if value == 1 else value)  # 7, then 8 for 8
    assert RUNS == ["twice"]
    assert all(result.verdict is Verdict.PASSED for result in other.results.values())
    assert other.asked == [1, 8, [1.5]]  # nothing was asked twice


def test_a_wrong_answer_keeps_its_own_words(judged: Judged) -> None:
    def wrong(first: int) -> Callable[[Any], Any]:
        return lambda value: first if value == 1 else 0

    said = [judged(wrong(first)).results["echo/twice"].rationale for first in (3, 4, 3)]
    assert said == ["it says three", "it says four", "it says three"]
    assert RUNS == []  # the last one was known


def test_values_that_only_look_alike_are_told_apart(judged: Judged) -> None:
    judged(right)
    judged(lambda value: float(value) if value == 1 else value)
    assert RUNS == ["twice"]
    judged(lambda value: True if value == 1 else value)
    assert RUNS == ["twice"]


def test_what_is_skipped_is_not_asked(judged: Judged) -> None:
    for _ in range(2):
        grading = judged(lambda value: 0)
        assert grading.results["echo/after"].verdict is Verdict.SKIPPED
        assert grading.asked == [1, 1]


def test_a_crash_is_nobodys_precedent(judged: Judged) -> None:
    for _ in range(2):
        grading = judged(lambda value: 1 // 0)
        assert grading.results["echo/twice"].verdict is Verdict.CRASHED
        assert RUNS == ["twice"]


def test_a_crash_after_known_answers_is_judged_with_them(judged: Judged) -> None:
    judged(right)
    grading = judged(lambda value: value if value == 1 else 1 // 0)
    assert grading.results["echo/twice"].verdict is Verdict.CRASHED
    assert grading.asked == [1, 2]


def test_a_check_that_asks_otherwise_when_run_again_is_the_graders_fault(tmp_path: Path) -> None:
    judge = judge_of(
        tmp_path,
        echo='''
        from checks.expect import expect
        from tests.test_precedents import COUNT

        def test_moody(student):
            """Your function is asked something else each time."""
            expect(student.echo(value=next(COUNT)) == 0, "never said")
        ''',
    )
    judge(right)
    grading = judge(lambda value: value + 5)
    assert "must ask the same" in grading.problems[0]


def test_a_worker_that_cannot_be_started_is_the_graders_fault(judged: Judged) -> None:
    def gone(value: Any) -> Any:
        raise WorkerError("no worker")

    judged(right)
    grading = judged(gone)
    assert "no worker" in grading.problems[0]
    assert grading.results["echo/twice"].verdict is Verdict.GRADER_ERROR


def test_an_interrupt_while_known_questions_are_asked_ends_the_run(judged: Judged) -> None:
    def interrupted(value: Any) -> Any:
        raise KeyboardInterrupt

    judged(right)
    with pytest.raises(KeyboardInterrupt):
        judged(interrupted)


def test_a_full_memory_forgets_nothing_and_learns_nothing(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(right)
    monkeypatch.setattr("autograder.judge.precedents.MOST", 0)
    for _ in range(2):
        judged(lambda value: 7 if value == 1 else value)
        assert RUNS == ["twice"]
    judged(right)
    assert RUNS == []


@pytest.mark.parametrize("new", ["a", "bd", "af", "bcf", "abcdef"])
def test_a_check_is_run_whatever_others_are_known(tmp_path: Path, new: str) -> None:
    one = '''
def test_{name}(student):
    """Your function gives back {name}."""
    assert student.echo(value="{name}") == "{name}"
'''
    suites = {task: "".join(one.format(name=name) for name in task) for task in ("ab", "cd", "ef")}
    judge = judge_of(tmp_path, **suites)
    judge(right)
    results = judge(lambda value: value + "?" if value in new else value).results
    wrong = [check[-1] for check, result in results.items() if result.verdict is Verdict.WRONG]
    assert "".join(wrong) == new
    assert len(results) == 6


def test_few_bytes_of_answers_wait_for_a_check(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = judged(right)
    monkeypatch.setattr("autograder.judge.precedents.HELD", 1)
    again = judged(right)
    assert RUNS == ["twice"]  # one answer waited; `after` asks but one question
    assert again.asked == [1, 2, [1.5]]
    assert again.results == first.results
