"""A second assignment is folders and nothing else: it goes through everything, and nobody notices.

`second_course/` holds the folders as they would lie in the repository, made as docs/author.md says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.assignment import ROOT, Assignment, declared_assignments
from autograder.notebook.lesson import grade_id

from .repository import copy_repository

pytestmark = pytest.mark.long

FOLDERS = ROOT / "tests" / "second_course"
NAME = "predictions"
SALT = "a salt that nobody may see"
ANSWERS = {
    "alice": {"softmax": "right/in_double", "perplexity": "right/root_of_the_product"},
    "bob": {"softmax": "wrong/overflows", "perplexity": "wrong/sum_of_logarithms"},
    "carol": {},
}
# a public check has a third of a task's points; without the hidden one it earns nothing
MARKS = {"alice": 10.0, "bob": 0.0, "carol": 0.0}


# all but the folders of assignments, and what students get of them
ENGINE = (
    "autograder",
    "checks",
    "conftest.py",
    ".github",
    "Makefile",
    "nbgrader_config.py",
    "constraints.txt",
)


def test_the_grader_names_no_assignment_and_no_task() -> None:
    known = [Assignment(name) for name in declared_assignments()]
    words = {word for one in known for word in (one.name, *(task.key for task in one.graded_tasks))}
    assert "beam_search" in words
    own = {folder for one in known for folder in (one.checks, one.suite)}
    named = re.compile(rf"\b({'|'.join(sorted(words))})\b")
    listed = subprocess.run(
        ["git", "ls-files", *ENGINE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in listed.stdout.splitlines()]
    assert ROOT / "autograder" / "judge" / "grade.py" in files
    assert [
        f"{file.relative_to(ROOT)}: {found[0]}"
        for file in files
        if file.is_file() and not any(file.is_relative_to(folder) for folder in own)
        if (found := named.search(file.read_text(encoding="utf-8")))
    ] == []


class Repository:
    """A copy of this repository, and what is done in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            **os.environ,
            "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
            "AUTOGRADER_SALT": SALT,
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *arguments: object, code: int = 0) -> str:
        """Run a Python module as a person would, and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def fingerprint(self) -> str:
        """What names all that marks of `seq2seq` depend on."""
        program = (
            "from autograder.assignment import Assignment\n"
            "from autograder.judge.fingerprint import suite_fingerprint\n"
            "from autograder.offering import Offering\n"
            "print(suite_fingerprint(Offering.here(Assignment('seq2seq'))))"
        )
        command = [sys.executable, "-c", program]
        return subprocess.check_output(command, cwd=self.root, env=self.environment, text=True)

    def answered(self, student: str) -> Path:
        """The released notebook with a student's answers, where it is graded."""
        release = self.root / "assignments" / NAME / f"{NAME}.ipynb"
        notebook = nbformat.read(release, as_version=4)
        for cell in notebook.cells:
            task = grade_id(cell)
            if task in ANSWERS[student]:
                corpus = self.root / "tests" / "submissions" / NAME / task
                cell.source = (corpus / f"{ANSWERS[student][task]}.py").read_text()
        path = self.root / "submitted" / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        return path


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A copy of the repository with the second course in it, released."""
    root = tmp_path_factory.mktemp("repository")
    copy_repository(root, without="docs/|tests/(attacks|bench|submissions|second_course|test_)")
    made = Repository(root)
    before = made.fingerprint()
    shutil.copytree(FOLDERS, root, dirs_exist_ok=True)
    made.run("autograder", "source", NAME)
    assert (root / "build" / "source" / NAME / f"{NAME}.ipynb").is_file()
    assert "built and proved" in made.run("autograder", "release", NAME)
    assert made.fingerprint() == before
    return made


def test_the_release_is_whole_and_of_this_assignment_alone(repository: Repository) -> None:
    folder = repository.root / "assignments" / NAME
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    given = {"Makefile", "README.md", "pytest.ini", "requirements.txt", f"{NAME}.ipynb"}
    assert given <= names
    assert {name for name in names if "/" not in name} == given
    assert {name.partition("/")[0] for name in names if "/" in name} == {"checks"}
    assert not any("seq2seq" in name for name in names)
    assert "=== BEGIN" not in (folder / f"{NAME}.ipynb").read_text()
    assert "up to date" in repository.run("autograder", "release", NAME)
    assert repository.run("autograder", "sample", NAME).startswith("2 sample submissions lie in ")


def test_its_public_checks_run_as_a_student_runs_them(repository: Repository) -> None:
    folder = repository.root / "assignments" / NAME
    command = ["make", "--silent", "check"]
    done = subprocess.run(
        command, cwd=folder, env=repository.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "not attempted" in done.stdout
    shutil.rmtree(folder / "checks" / "__pycache__", ignore_errors=True)


TELLING = """
import sys
from autograder.__main__ import main
from autograder.judge import precedents
known = precedents.ByPrecedent._keep

def tell(self, item):
    if self._transcript.exchanges():  # else it was skipped
        print("RAN", item.name)
    known(self, item)

precedents.ByPrecedent._keep = tell
sys.exit(main())
"""


def test_a_later_command_runs_just_the_checks_that_hear_something_new(
    repository: Repository,
) -> None:
    results = repository.root / "build" / "results"
    shutil.rmtree(results, ignore_errors=True)

    def grade(student: str) -> tuple[int, dict[str, object]]:
        for file in results.glob("*.json"):
            file.unlink()
        report = repository.root / "one.json"
        notebook = repository.answered(student)
        command = ["-c", TELLING, "grade", NAME, str(notebook), "--json", str(report)]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=repository.root,
            env=repository.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.count("RAN "), json.loads(report.read_text())

    ran: list[int] = []
    reports = []
    for student in ("alice", "alice", "bob", "bob", "alice"):
        times, report = grade(student)
        ran.append(times)
        reports.append(report)
    assert ran[0] > 0
    assert ran[2] > 0
    assert [ran[1], ran[3], ran[4]] == [0, 0, 0]
    assert reports[0] == reports[1] == reports[4]
    assert reports[2] == reports[3]


def test_class_gradebook_and_pages(repository: Repository) -> None:
    notebooks = [repository.answered(student) for student in ANSWERS]
    reports = repository.root / "json"
    repository.run("autograder", "grade", NAME, *notebooks, "--json", reports)
    for student, mark in MARKS.items():
        report = json.loads((reports / student / NAME / f"{NAME}.json").read_text())
        assert (report["points"], report["max_points"]) == (mark, 10.0)
        assert [task["task"] for task in report["tasks"]] == ["softmax", "perplexity", "reflection"]
        assert report["tasks"][2]["by_hand"] is True
        assert report["wall"] == "bubblewrap"
    repository.run("nbgrader", "autograde", NAME, "--student=bob")
    table = repository.run("autograder", "class", NAME)
    assert "alice" in table
    with Gradebook(f"sqlite:///{repository.root / 'gradebook.db'}") as gradebook:
        found = gradebook.assignment_submissions(NAME)
        assert {one.student.id: one.score for one in found} == MARKS
    for student in ANSWERS:
        assert (repository.root / "feedback" / student / NAME / f"{NAME}.html").is_file()
    assert "exp overflows" in (repository.root / "feedback/bob" / NAME / f"{NAME}.html").read_text()


def test_a_pull_request(repository: Repository, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(repository.answered("alice"), work)
    for step in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "Hand in"],
    ):
        subprocess.run(["git", *step], cwd=work, check=True)
    pages = tmp_path / "pages"
    terms = ("--repository", work, "--head", "HEAD", "--login", "alice", "--output", pages)
    repository.run("autograder", "pr", *terms, "--path", f"{NAME}.ipynb")
    outcome = json.loads((pages / "outcome.json").read_text())
    assert (outcome["status"], outcome["assignment"]) == ("graded", NAME)
    assert json.loads((pages / "report.json").read_text())["points"] == MARKS["alice"]


def test_the_students_repository_is_written(repository: Repository) -> None:
    repository.run("autograder", "student-repo", NAME)
    folder = repository.root / "build" / "student-repo" / NAME
    assert (folder / ".github" / "workflows" / "check.yml").is_file()
    assert f"submissions/$(LOGIN)/{NAME}.ipynb" in (folder / "Makefile").read_text()


def test_its_corpus_is_measured(repository: Repository) -> None:
    said = repository.run("tests.measure", "--assignment", NAME)
    assert "\n| all | 4 | 4 | – | 4 | 2 | 0 |\n" in said, said
    assert "at odds" not in said


def test_its_checks_run_under_plain_pytest(repository: Repository) -> None:
    folders = (f"checks/{NAME}", f"autograder/suites/{NAME}")
    assert "4 passed" in repository.run("pytest", *folders)


def test_with_several_assignments_one_must_be_named(repository: Repository) -> None:
    for command in (("autograder", "source"), ("autograder", "doctor")):
        said = repository.run(*command, code=1)
        assert said == "error: which assignment? there are 2: predictions, seq2seq\n"
    assert "there are 2: predictions, seq2seq" in repository.run("tests.measure", code=2)
    done = subprocess.run(
        ["make", "--dry-run", "feedback"],
        cwd=repository.root,
        env=repository.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "make ASSIGNMENT=... with one of predictions seq2seq" in done.stderr


def test_what_it_does_not_have_is_said(repository: Repository) -> None:
    notebook = repository.answered("alice")
    said = repository.run("autograder", "grade", NAME, notebook, "--device", "cuda", code=1)
    assert said.startswith(f"error: {NAME!r} has no comparison of devices: leave --device out, or")
    assert len(said.splitlines()) == 1


def test_the_commands_of_the_authors_page_make_an_assignment_that_passes_its_release(
    repository: Repository,
) -> None:
    page = (ROOT / "docs" / "author.md").read_text()
    commands = re.findall(r"^python -m ([^#\n]+)", page.partition("## Begin")[2], re.MULTILINE)
    written, released, measured = (repository.run(*command.split()) for command in commands)
    assert "solutions/week5/week5.py" in written.splitlines()
    assert "built and proved" in released
    assert "\n| all | 1 | 1 | – | 1 | 1 | 0 |\n" in measured
