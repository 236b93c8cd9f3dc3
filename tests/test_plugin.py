"""One verdict for each check, the right one, in words that are safe to show."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent, indent
from types import SimpleNamespace
from typing import Any

import pytest

from checks.crashes import CAUSES
from checks.plugin import Grading, run_suite
from checks.program import Cell, Lesson, Trouble, fresh_module, run_cells
from checks.student import LocalRunner, Student, fault, missing
from checks.verdicts import CheckResult, StudentFault, Verdict, words

HEAD = """
import pytest
import torch
from checks.expect import Wrong, expect
"""
SECRET = "tensor([42, 17])"
CRASH = fault(Trouble("KeyError", SECRET, "echo", 3, stub=False))
LATE = StudentFault(Verdict.TIMED_OUT, "no answer within 10 seconds")
LOST = StudentFault(Verdict.EXCEEDED_LIMIT, "your code ended its own process")


class Scripted:
    """Stands for a submission: each probe has one answer, or raises the fault that is one."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[str] = []

    def call(self, probe: str, inputs: dict[str, Any]) -> Any:
        """Give the answer and write the call down."""
        self.calls.append(probe)
        answer = self.answers[probe]
        if isinstance(answer, Exception):
            raise answer
        return answer(**inputs) if callable(answer) else answer


def judged(
    folder: Path, suite: str, runner: Scripted, *, task: str = "echo", salt: str = "salt"
) -> Grading:
    """Run a suite of one file against a scripted submission."""
    folder.mkdir(exist_ok=True)
    file = folder / f"test_{task}.py"
    file.write_text(HEAD + dedent(suite))
    sys.modules.pop(file.stem, None)  # suites of other tests may bear the same name
    grading = Grading(Student(runner, None), None, salt)
    try:
        run_suite([file], grading)
    finally:
        sys.modules.pop(file.stem, None)
    return grading


def only(grading: Grading) -> CheckResult:
    """The one result of a suite of one check."""
    (result,) = grading.results.values()
    return result


ONE_CALL = '''
    def test_call(student):
        """Your function answers."""
        student.probe()
'''


def test_a_check_that_holds_is_passed(tmp_path: Path) -> None:
    suite = '''
        @pytest.mark.graded(weight=2.5)
        def test_equal(student):
            """Your function returns
            what it is given."""
            expect(student.echo(value=3) == 3, "never said")
    '''
    grading = judged(tmp_path, suite, Scripted(echo=lambda value: value))
    assert only(grading) == CheckResult(
        "echo/equal", "Your function returns what it is given.", 2.5, Verdict.PASSED, public=False
    )
    assert grading.problems == []


def test_a_wrong_answer_is_told_with_rationale_and_help(tmp_path: Path) -> None:
    suite = """
        def test_equal(student):
            expect(student.echo(value=3) == 3, "another value came back", "look at `return`")
    """
    result = only(judged(tmp_path, suite, Scripted(echo=4)))
    assert (result.verdict, result.weight) == (Verdict.WRONG, 1.0)
    assert words(result) == ["another value came back", "Look here first: look at `return`"]


TWO_FAILURES = """
    def test_first(student):
        expect(False, "one", "sort them", guess=True)

    def test_second(student):
        expect(False, "two", "reverse them", guess={guess})
"""


@pytest.mark.parametrize("guess", [True, False])
def test_a_later_failure_names_a_cause_only_where_it_was_recognised(
    tmp_path: Path, guess: bool
) -> None:
    suite = TWO_FAILURES.format(guess=guess)
    one, two = judged(tmp_path, suite, Scripted()).results.values()
    assert (one.help, two.rationale) == ("sort them", "two")
    assert two.help == ("" if guess else "reverse them")


def test_a_guess_stands_after_checks_that_passed(tmp_path: Path) -> None:
    suite = """
        def test_first(student):
            pass

        def test_second(student):
            expect(False, "two", "reverse them", guess=True)
    """
    assert judged(tmp_path, suite, Scripted()).results["echo/second"].help == "reverse them"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (CRASH, Verdict.CRASHED),
        (LATE, Verdict.TIMED_OUT),
        (LOST, Verdict.EXCEEDED_LIMIT),
        (missing("echo"), Verdict.NOT_ATTEMPTED),
        (
            fault(Trouble("NotImplementedError", "not written yet", "echo", 2, stub=True)),
            Verdict.NOT_ATTEMPTED,
        ),
    ],
)
def test_a_fault_of_the_students_code_has_its_own_verdict(
    tmp_path: Path, answer: StudentFault, verdict: Verdict
) -> None:
    grading = judged(tmp_path, ONE_CALL, Scripted(probe=answer))
    assert only(grading).verdict is verdict
    assert grading.problems == []


def test_a_hidden_check_never_shows_an_exceptions_message(tmp_path: Path) -> None:
    result = only(judged(tmp_path / "suite", ONE_CALL, Scripted(probe=CRASH)))
    assert not result.public
    assert SECRET not in " ".join(words(result))
    assert "KeyError at line 3 of cell `echo`" in " ".join(words(result))


def test_a_public_check_shows_an_exceptions_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.plugin.PACKAGE", tmp_path / "checks")
    result = only(judged(tmp_path / "checks", ONE_CALL, Scripted(probe=CRASH)))
    assert result.public
    assert SECRET in result.rationale
    (tmp_path / "link").symlink_to(tmp_path / "checks")
    assert only(judged(tmp_path / "link", ONE_CALL, Scripted(probe=CRASH))).public


@pytest.mark.parametrize("error", [ValueError, SystemExit, RecursionError])
def test_no_exception_in_the_notebook_is_blamed_on_the_checks(
    tmp_path: Path, error: type[BaseException]
) -> None:
    class Probes:
        @staticmethod
        def probe(lesson: Lesson) -> None:
            raise error

    grading = Grading(Student(LocalRunner(Lesson({}), Probes), None), None, "salt")
    file = tmp_path / "test_echo.py"
    file.write_text(HEAD + dedent(ONE_CALL))
    sys.modules.pop(file.stem, None)
    run_suite([file], grading)
    assert only(grading).verdict is Verdict.CRASHED
    assert error.__name__ in only(grading).rationale
    assert grading.problems == []


HINTED = """
    @pytest.mark.graded(on_crash="are the sizes right?")
    def test_call(student):
        student.probe()
"""


def crash(name: str, message: str, label: str = "echo") -> StudentFault:
    """The fault of code that raised an exception in a cell, or at the very call."""
    return fault(Trouble(name, message, label, 3, stub=False))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (crash("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)"), True),
        (crash("IndexError", "list index out of range"), True),
        (crash("ValueError", "not enough values to unpack (expected 2, got 1)"), True),
        (crash("TypeError", "iteration over a 0-d tensor"), True),
        (crash("KeyError", "'h'"), False),
        (crash("ZeroDivisionError", "division by zero"), False),
        (crash("MyError", "anything"), False),
        (LATE, False),
        (LOST, False),
        (missing("echo"), False),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_hint_of_a_check_is_the_help_for_crashes_of_sizes_alone(
    tmp_path: Path, answer: StudentFault, told: bool
) -> None:
    result = only(judged(tmp_path, HINTED, Scripted(probe=answer)))
    assert result.help == ("are the sizes right?" if told else "")


@pytest.mark.parametrize(
    ("code", "help"),
    [
        ("undefined_name", "misspelt, or defined in a cell"),
        ("def f():\n    if False:\n        x = 1\n    return x\nf()", "gets no value"),
        ("import no_such_package", "requirements.txt"),
        ("from math import no_such_function", "misspelt"),
        ("compile('x = (', 'cell', 'exec')", "cannot read the code"),
        ("compile('if x:\\ny = 1', 'cell', 'exec')", "cannot read the code"),
        (
            "class M(nn.Module):\n    def __init__(self):\n        self.l = nn.Linear(1, 1)\nM()",
            "super",
        ),
        ("class M(nn.Module):\n    def __init__(self):\n        self.n = 1\nM()(1)", "super"),
        ("class M(nn.Module):\n    pass\nM()(1)", "`forward`"),
        ("def f(a):\n    return a\nf()", "takes other arguments"),
        ("nn.LSTM(2, 3, layers=2)", "takes other arguments"),
        ("(lambda: None)()[0]", "something is None"),
        ("None.size()", "something is None"),
        ("[].size()", "nothing of that name"),
        ("def f():\n    return f()\nf()", "without end"),
        ("torch.zeros(2, device='cuda')", "device=x.device"),
        ("torch.ones(2, 2) @ torch.ones(2, dtype=torch.int64)", "number types"),
        ("torch.ones(2).sum().backward()", "a gradient cannot pass"),
        ("torch.ones(2, requires_grad=True).numpy()", "detach"),
        (
            "x = torch.ones(1, requires_grad=True)\ny = (x * x).sum()\ny.backward()\ny.backward()",
            "afresh",
        ),
    ],
)
def test_the_help_for_a_crash_depends_on_the_exception(
    tmp_path: Path, code: str, help: str
) -> None:
    def probe(lesson: Lesson) -> None:
        lesson.run()

    source = f"import torch\nfrom torch import nn\ndef run():\n{indent(code, '    ')}"
    module = fresh_module("notebook_of_a_crash")
    assert run_cells([Cell("task", source)], module) == {}
    runner = LocalRunner(Lesson(module.__dict__), SimpleNamespace(probe=probe))
    (tmp_path / "test_echo.py").write_text(HEAD + dedent(HINTED))
    grading = Grading(Student(runner, None), None, "salt")
    sys.modules.pop("test_echo", None)
    run_suite([tmp_path / "test_echo.py"], grading)
    result = only(grading)
    assert result.verdict is Verdict.CRASHED
    assert help in result.help


@pytest.mark.parametrize(
    "message",
    [
        "Encoder.__init__() got an unexpected keyword argument 'pad_id'",
        "Encoder.__init__() takes 3 positional arguments but 7 were given",
        "greedy() missing 1 required positional argument: 'max_length'",
        "Encoder() takes no arguments",
    ],
)
def test_another_signature_than_the_contracts_is_told(tmp_path: Path, message: str) -> None:
    asked = Scripted(probe=crash("TypeError", message, label=""))
    assert "signature in the contract" in only(judged(tmp_path, HINTED, asked)).help


def test_no_help_repeats_what_an_exception_says(tmp_path: Path) -> None:
    for cause in CAUSES:
        for name in cause.types:
            told = crash(name, f"{SECRET} {cause.message}")
            result = only(judged(tmp_path / "suite", HINTED, Scripted(probe=told)))
            assert SECRET not in " ".join(words(result))


NEEDY = '''
    def test_first(student):
        """The first holds."""
        expect(student.echo(value=1) == 1, "it does not")

    @pytest.mark.graded(needs=["first"])
    def test_second(student):
        student.second()

    @pytest.mark.graded(needs=["second"])
    def test_third(student):
        student.third()

    def test_fourth(student):
        student.fourth()
'''


def test_a_check_whose_need_fails_is_skipped_and_so_is_what_needs_it(tmp_path: Path) -> None:
    runner = Scripted(echo=2, fourth=None)
    grading = judged(tmp_path, NEEDY, runner)
    verdicts = [result.verdict for result in grading.results.values()]
    assert verdicts == [Verdict.WRONG, Verdict.SKIPPED, Verdict.SKIPPED, Verdict.PASSED]
    assert grading.results["echo/second"].rationale == "tried once this holds: The first holds."
    assert runner.calls == ["echo", "fourth"]


def test_a_check_whose_need_passes_is_tried(tmp_path: Path) -> None:
    grading = judged(tmp_path, NEEDY, Scripted(echo=1, second=None, third=None, fourth=None))
    assert {result.verdict for result in grading.results.values()} == {Verdict.PASSED}


FIVE_CALLS = """
    @pytest.mark.parametrize("probe", ["a", "b", "c", "d", "e"])
    def test_call(student, probe):
        getattr(student, probe)()
"""


@pytest.mark.parametrize("second", [LATE, LOST])
def test_after_two_lost_workers_the_rest_of_the_task_is_skipped(
    tmp_path: Path, second: StudentFault
) -> None:
    runner = Scripted(a=None, b=LATE, c=second, d=None, e=None)
    grading = judged(tmp_path, FIVE_CALLS, runner)
    verdicts = [result.verdict for result in grading.results.values()]
    assert verdicts == [Verdict.PASSED, LATE.verdict, second.verdict, *[Verdict.SKIPPED] * 2]
    assert runner.calls == ["a", "b", "c"]


def test_crashes_do_not_skip_the_rest(tmp_path: Path) -> None:
    grading = judged(tmp_path, FIVE_CALLS, Scripted(**dict.fromkeys("abcde", CRASH)))
    assert [r.verdict for r in grading.results.values()] == [Verdict.CRASHED] * 5


def test_lost_workers_of_one_task_do_not_skip_another(tmp_path: Path) -> None:
    files = [tmp_path / "test_one.py", tmp_path / "test_two.py"]
    for file in files:
        file.write_text(HEAD + dedent(FIVE_CALLS))
        sys.modules.pop(file.stem, None)
    runner = Scripted(a=LATE, b=LATE, c=None, d=None, e=None)
    grading = Grading(Student(runner, None), None, "salt")
    run_suite(files, grading)
    assert runner.calls == ["a", "b", "a", "b"]
    assert len(grading.results) == 10


def test_a_fault_of_the_check_itself_is_the_graders(tmp_path: Path) -> None:
    suite = """
        def test_first(student):
            student.rows()[3]

        def test_second(student):
            pass
    """
    grading = judged(tmp_path, suite, Scripted(rows=[]))
    assert [r.verdict for r in grading.results.values()] == [Verdict.GRADER_ERROR, Verdict.PASSED]
    assert "not your mark" in grading.results["echo/first"].rationale
    assert len(grading.problems) == 1
    assert "echo/first" in grading.problems[0]
    assert "IndexError" in grading.problems[0]


@pytest.mark.parametrize("suite", ["def test_(:", "import no_such_module_anywhere", "1 / 0"])
def test_a_suite_that_cannot_be_read_is_recorded(tmp_path: Path, suite: str) -> None:
    grading = judged(tmp_path, suite, Scripted())
    assert grading.results == {}
    assert len(grading.problems) == 1


def test_a_fixture_that_fails_is_the_graders_fault(tmp_path: Path) -> None:
    suite = """
        @pytest.fixture
        def model():
            raise KeyError("weights")

        def test_model(student, model):
            pass
    """
    grading = judged(tmp_path, suite, Scripted())
    assert only(grading).verdict is Verdict.GRADER_ERROR
    assert "weights" in grading.problems[0]


def test_a_fixture_that_asks_the_student_blames_the_student(tmp_path: Path) -> None:
    suite = """
        @pytest.fixture
        def run(student):
            return student.probe()

        def test_run(run):
            pass
    """
    grading = judged(tmp_path, suite, Scripted(probe=CRASH))
    assert only(grading).verdict is Verdict.CRASHED
    assert grading.problems == []


def test_every_expected_check_has_exactly_one_result(tmp_path: Path) -> None:
    suite = """
        @pytest.mark.parametrize("ratio", [0, 1])
        def test_ratio(student, ratio):
            student.probe()

        class TestGroup:
            def test_inside(self, student):
                raise Wrong("no")
    """
    grading = judged(tmp_path, suite, Scripted(probe=LATE))
    assert grading.expected == ["echo/ratio[0]", "echo/ratio[1]", "echo/inside"]
    assert list(grading.results) == grading.expected
    assert all(name == result.check for name, result in grading.results.items())
    assert {result.task for result in grading.results.values()} == {"echo"}


DRAWS = """
    def draw(generator):
        return torch.randint(0, 2**31, (4,), generator=generator).tolist()

    def test_one(student, generator):
        student.note(draw=draw(generator))

    def test_two(student, generator):
        student.note(draw=draw(generator))
"""


def draws(folder: Path, salt: str, task: str = "echo") -> list[list[int]]:
    """What two checks drew for one submission."""
    drawn: list[list[int]] = []
    judged(folder, DRAWS, Scripted(note=lambda draw: drawn.append(draw)), task=task, salt=salt)
    return drawn


def test_inputs_are_the_same_for_all_students_of_an_offering(tmp_path: Path) -> None:
    first, second = draws(tmp_path, "2031"), draws(tmp_path, "2031")
    assert len(first) == 2
    assert first == second


def test_inputs_differ_by_salt_by_check_and_by_task(tmp_path: Path) -> None:
    drawn = [*draws(tmp_path, "2031"), *draws(tmp_path, "2032")]
    drawn += draws(tmp_path, "2031", task="other")
    assert len({tuple(draw) for draw in drawn}) == 6


def test_a_public_check_has_no_reference(tmp_path: Path) -> None:
    suite = """
        def test_reference(student, reference):
            pass
    """
    grading = judged(tmp_path / "suite", suite, Scripted())
    assert only(grading).verdict is Verdict.GRADER_ERROR
    assert "no reference" in grading.problems[0]


def test_an_assertion_outside_the_check_itself_is_the_graders_fault(tmp_path: Path) -> None:
    suite = '''
        @pytest.fixture
        def broken():
            assert 1 == 2

        def test_call(student, broken):
            """Your function answers."""
    '''
    grading = judged(tmp_path, suite, Scripted())
    assert only(grading).verdict is Verdict.GRADER_ERROR
    assert grading.problems


def test_an_interrupt_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        judged(tmp_path, ONE_CALL, Scripted(probe=_interrupt))


def _interrupt() -> None:
    raise KeyboardInterrupt
