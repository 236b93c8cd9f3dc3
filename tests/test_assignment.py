"""What an assignment says of itself: read with words for what is not in order; begun by name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from autograder import assignment as assignment_module
from autograder.assignment import Assignment, declared_assignments, only_assignment
from autograder.desk.grading import sample
from autograder.desk.grading.sample import Answers, sample_course, sample_students
from autograder.errors import AssignmentError, ReleaseRefused, UnknownAssignment
from autograder.judge.fingerprint import deciding_files
from autograder.judge.parity import comparison
from autograder.release.new import write_assignment
from autograder.release.suites import check_suites


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which there is one assignment, `small`; its folder in `solutions/`."""
    for module in (assignment_module, sample):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    write_assignment("small", tmp_path)
    return tmp_path / "solutions" / "small"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("copy = 3", "copy: expected a list, got 3"),
        ("copies = []", "unknown field `copies`"),
        ("[generate]\ndata = 1", r"generate\[...\]: expected text$"),
        ("copy = [", "assignment.toml: "),
        ("x = " + "[" * 20_000, "nested too deeply"),
        ("x = " + "9" * 9_999, "not TOML"),
        ('copy = ["solutions/small/small.py"]', "a file that students may see, got 'solutions/"),
        ('copy = ["autograder/suites/small/test_double.py"]', "a file that students may see"),
        ('copy = [".salt"]', "a file that students may see, got '.salt'"),
        ('copy = ["../outside"]', "within this repository, got '../outside'"),
        ('marks_depend_on = ["/etc/*"]', "within this repository, got '/etc/"),
    ],
)
def test_what_is_declared_wrongly_is_told_by_file_and_field(
    place: Path, text: str, words: str
) -> None:
    (place / "assignment.toml").write_text(text)
    with pytest.raises(AssignmentError, match=words) as error:
        _ = Assignment("small").declared
    assert str(error.value).startswith("solutions/small/assignment.toml: ")


def test_a_pattern_that_matches_nothing_is_told(place: Path) -> None:
    (place / "assignment.toml").write_text('marks_depend_on = ["dta/*.py"]\n')
    told = r"solutions/small/assignment.toml: marks_depend_on: no file matches 'dta/\*\.py'"
    with pytest.raises(AssignmentError, match=told):
        deciding_files(Assignment("small"))


def test_a_comparison_that_is_not_declared_or_not_there_is_told(place: Path) -> None:
    with pytest.raises(AssignmentError, match=r"'small' has no comparison of devices"):
        comparison(Assignment("small"))
    (place / "assignment.toml").write_text('devices = "autograder.suites.small.devices"\n')
    told = r"'small' declares autograder\.suites\.small\.devices .*cannot be imported: No module"
    with pytest.raises(AssignmentError, match=told):
        comparison(Assignment("small"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ann]\ncells = 3", r"\[...\].cells: expected an object$"),
        ("[ann]\ninterupted = true", "unknown field `interupted`"),
        ("[ann", "sample_class.toml: "),
    ],
)
def test_a_sample_class_that_is_not_in_order_is_told_by_file_and_field(
    place: Path, text: str, words: str
) -> None:
    (place / "sample_class.toml").write_text(text)
    with pytest.raises(AssignmentError, match=words) as error:
        sample_students(Assignment("small"))
    assert str(error.value).startswith("solutions/small/sample_class.toml: ")


def test_a_sample_class_is_read_and_need_not_be(place: Path) -> None:
    assert sample_students(Assignment("small")) == {}
    with pytest.raises(AssignmentError, match=r"'small' has no sample class: .*sample_class\.toml"):
        sample_course(Assignment("small"))
    (place / "sample_class.toml").write_text('[ann.cells]\ndouble = "right.py"\n[bob]\n')
    assert sample_students(Assignment("small")) == {
        "ann": Answers({"double": "right.py"}),
        "bob": Answers(),
    }


def test_the_only_assignment_is_meant_by_whoever_names_none(place: Path) -> None:
    assert only_assignment() == "small"
    write_assignment("other", place.parents[1])
    assert declared_assignments() == ["other", "small"]
    with pytest.raises(UnknownAssignment, match=r"which assignment\? there are 2: other, small"):
        only_assignment()
    for folder in place.parent.iterdir():
        (folder / "assignment.toml").unlink()
    with pytest.raises(UnknownAssignment, match=r"which assignment\? there is none"):
        only_assignment()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("seq2seq", "'seq2seq' is taken: solutions/seq2seq is there"),
        ("student", "'student' is taken: checks/student.py is there"),
        ("memory", "'memory' is taken: autograder/suites/memory.py is there"),
        ("simulated_gpu", "'simulated_gpu' is taken: checks/simulated_gpu is there"),
        ("week-5", "'week-5' cannot name an assignment"),
        ("class", "'class' cannot name an assignment"),
        ("../week5", "'../week5' cannot name an assignment"),
        ("", "'' cannot name an assignment"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, words: str) -> None:
    with pytest.raises(AssignmentError) as error:
        write_assignment(name)
    assert str(error.value).startswith(words)


def test_a_missing_declaration_and_a_pattern_that_is_none_are_told(place: Path) -> None:
    (place / "assignment.toml").write_text('marks_depend_on = ["data/**.py"]\n')
    with pytest.raises(AssignmentError, match="marks_depend_on: 'data/"):
        deciding_files(Assignment("small"))
    (place / "assignment.toml").unlink()
    with pytest.raises(AssignmentError, match="is missing; an empty file will do"):
        _ = Assignment("small").declared


HIDDEN, PUBLIC = "autograder/suites/small/test_double.py", "checks/small/test_double.py"


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (HIDDEN, '"""You double negative numbers too."""', "", "has no docstring"),
        (PUBLIC, '"""You return each', 'pass\n    """You return each', "has no docstring"),
        (HIDDEN, "weight=2", "wait=2", r"graded\(wait=...\) is unknown"),
        (HIDDEN, "weight=2", "weight=-1", "weight: expected 0 or more, got -1"),
        (HIDDEN, "weight=2", "weight='two'", "weight: expected 0 or more, got 'two'"),
        (HIDDEN, '["doubles_each_number"]', '["doubles"]', "no check 'doubles' of this task"),
        (HIDDEN, '["doubles_each_number"]', '["test_doubles_each_number"]', "without 'test_'"),
        (HIDDEN, '["doubles_each_number"]', '"doubles"', "needs: expected a list of names"),
        (HIDDEN, "needs=", "after=7, needs=", "after: expected a list of names, got 7"),
        (HIDDEN, "needs=", "after=['twice'], needs=", "after: no check 'twice' of this task"),
        (HIDDEN, "def test", "def test(:", "line 8: SyntaxError"),
        (HIDDEN, None, "autograder/suites/small/test_duoble.py", "no task 'duoble'"),
        (HIDDEN, None, "", "'double' has no hidden checks"),
        (PUBLIC, None, "", "'double' has no public checks"),
        ("checks/small/__init__.py", None, "", "is missing"),
        (PUBLIC, "student.double(", "student.dobule(", "probes.py has no 'dobule'"),
        (
            "checks/small/probes.py",
            "lesson",
            "lesson(",
            "probes.py cannot be imported: SyntaxError",
        ),
        ("checks/small/probes.py", "@answers", "# @answers", "does not declare what it answers"),
        ("solutions/small/small.py", 'check("double"', 'check("duoble"', "must call check"),
    ],
)
def test_a_release_is_refused_for_a_slip_that_would_be_silent(
    place: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str | None, new: str, told: str
) -> None:
    root = place.parent.parent
    monkeypatch.setattr("autograder.release.suites.ROOT", root)
    monkeypatch.setattr("checks.__path__", [str(root / "checks")])
    for name in ("checks.small", "checks.small.probes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    check_suites(Assignment("small"))
    for name in ("checks.small", "checks.small.probes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    path = root / file
    if old is not None:
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    elif new:
        path.rename(root / new)
    else:
        path.unlink()
    importlib.invalidate_caches()
    with pytest.raises(ReleaseRefused, match=told):
        check_suites(Assignment("small"))


RUBRIC = """
[[double.line]]
key = "signs"
points = 5
says = "You double negative numbers too"
"""
LIMIT = """
[[double.at_most]]
share = 0.1
unless = ["triples"]
says = "You do not double"
"""


@pytest.mark.parametrize(
    ("rubric", "told"),
    [
        (RUBRIC, r"test_doubles_each_number: graded\(line=''\): expected a line of"),
        (RUBRIC.replace("double.", "triple."), "no task 'triple' that checks grade"),
        (
            RUBRIC.replace("5", "3") + RUBRIC.replace("signs", "order").replace("5", "2"),
            "no check is evidence about 'order'",
        ),
        (RUBRIC + LIMIT, "at_most: unless: no check 'triples' of this task"),
        (RUBRIC + RUBRIC, "there are 2 lines 'signs'"),
        (RUBRIC.replace("5", "0"), "points"),
        (RUBRIC.replace("points = 5", ""), r"points: missing"),
        (RUBRIC + "[", "it is not TOML"),
        (RUBRIC.replace("5", "4"), "gives 5 points, and its rubric's lines are worth 4"),
    ],
)
def test_a_rubric_of_which_checks_or_cells_do_not_know_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, rubric: str, told: str
) -> None:
    root = place.parent.parent
    monkeypatch.setattr("autograder.release.suites.ROOT", root)
    (root / "checks/small/rubric.toml").write_text(rubric)
    if "each_number" not in told:
        for file in (HIDDEN, PUBLIC):
            text = (root / file).read_text()
            text = text.replace("graded(weight", "graded(line='signs', weight")
            marked = "import pytest\n\n\n@pytest.mark.graded(line='signs')\ndef test"
            text = text if "graded(" in text else text.replace("def test", marked)
            (root / file).write_text(text)
    with pytest.raises((ReleaseRefused, AssignmentError), match=told):
        check_suites(Assignment("small"))
