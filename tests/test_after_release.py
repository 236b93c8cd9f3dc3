"""A graded class after the release: its report, excuses and regrades, by the commands."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook

from autograder.assignment import ROOT
from autograder.notebook.lesson import grade_id

from .ordinary import PREFIX, run_module
from .repository import released_course

pytestmark = pytest.mark.long

TASKS = ("encoder", "decoder", "teacher_forcing", "greedy", "beam_search")
CHECK = "greedy/changes_nothing_and_repeats_itself"
WRONG = ROOT / "tests/submissions/seq2seq/greedy/wrong/default_dtype_changed.py"
WHY = "the text did <not> say it"
VARIABLES = {"AUTOGRADER_SALT": "after release", "OMP_NUM_THREADS": "1"}


def run(course: Path, *arguments: str, code: int = 0, **variables: str) -> str:
    """Run a command, and return all that it said."""
    done = run_module(course, "autograder", *arguments, **{**VARIABLES, **variables})
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of two: one who fails CHECK and nothing else of its task, one who wrote nothing."""
    folder = released_course(tmp_path_factory)
    for student in ("ann", "bob"):
        book = nbformat.read(folder / "assignments/seq2seq/seq2seq.ipynb", as_version=4)
        for cell in book.cells:
            if student == "ann" and grade_id(cell) == "greedy":
                cell.source = WRONG.read_text()
        place = folder / "submitted" / student / "seq2seq"
        place.mkdir(parents=True)
        nbformat.write(book, place / "seq2seq.ipynb")
    (folder / "students.csv").write_text("id,section\nann,A\nbob,B\n")
    run(folder, "class", "seq2seq")
    return folder


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Path:
    """That class, for one test alone."""
    folder = tmp_path / "course"
    shutil.copytree(graded, folder, symlinks=True)
    return folder


def score(course: Path, student: str) -> tuple[float, float, float]:
    """A student's points in gradebook, CSV and report."""
    with (course / "grades.csv").open(newline="") as file:
        rows = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        known = gradebook.find_submission("seq2seq", student).score
    report = json.loads((course / f"reports/seq2seq/{student}.json").read_text())
    return known, rows[student], report["points"]


def page(course: Path, student: str) -> str:
    """A student's feedback."""
    return (course / f"feedback/{student}/seq2seq/seq2seq.html").read_text()


def unlocked(course: Path) -> dict[str, bytes]:
    """The bytes of everything that a command may change."""
    places = ("reports", "autograded", "feedback")
    files = [path for place in places for path in (course / place).rglob("*") if path.is_file()]
    files += [course / name for name in ("gradebook.db", "grades.csv")]
    files += sorted(course.glob("*.jsonl"))
    return {str(path.relative_to(course)): path.read_bytes() for path in files}


def test_an_excuse_reaches_report_gradebook_feedback_and_csv_and_is_taken_back(
    course: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"  # no sandbox is found there: nothing can be run
    programs.mkdir()
    for name in filter(None, map(shutil.which, PREFIX[:1])):
        (programs / Path(name).name).symlink_to(name)
    before = unlocked(course)
    dry = run(course, "excuse", "seq2seq", CHECK, "--why", WHY, "--dry-run", PATH=str(programs))
    assert "ann: 14.3 → 15 (+0.7): greedy 14.3 → 15 of 15" in dry
    assert "bob" not in dry
    assert unlocked(course) == before
    run(course, "excuse", "seq2seq", CHECK, "--why", WHY, PATH=str(programs))
    assert score(course, "ann") == (15, 15, 15)
    assert score(course, "bob") == (0, 0, 0)
    for student in ("ann", "bob"):
        assert "the text did &lt;not&gt; say it" in page(course, student)
    assert "is changed by the call" not in page(course, "ann")
    run(course, "class", "seq2seq")  # has nothing to do
    assert score(course, "ann") == (15, 15, 15)
    run(course, "excuse", "seq2seq", CHECK, "--undo", PATH=str(programs))
    assert score(course, "ann") == (14.3, 14.3, 14.3)
    assert "the text did" not in page(course, "ann")
    for name in ("ann", "bob"):
        file = f"reports/seq2seq/{name}.json"
        assert (course / file).read_bytes() == before[file]


def test_what_is_graded_after_a_decision_is_graded_by_it(course: Path) -> None:
    run(course, "excuse", "seq2seq", CHECK, "--drop", "--why", WHY)
    shutil.copytree(course / "submitted/ann", course / "submitted/cyd")
    run(course, "class", "seq2seq")
    assert score(course, "cyd") == score(course, "ann") == (15, 15, 15)
    assert "dropped for everyone" in page(course, "cyd")


def test_an_excuse_needs_a_check_that_there_is_and_a_reason(course: Path) -> None:
    before = unlocked(course)
    told = run(course, "excuse", "greedy/changes_nothing", "--why", WHY, code=1)
    assert CHECK in told
    assert "--why" in run(course, "excuse", CHECK, code=1)
    assert "neither excused nor dropped" in run(course, "excuse", CHECK, "--undo", code=1)
    assert unlocked(course) == before


def test_a_late_penalty_stays_the_share_that_it_was(course: Path) -> None:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        book = gradebook.find_submission_notebook("seq2seq", "seq2seq", "ann")
        book.late_submission_penalty = 1.43  # a tenth
        gradebook.db.commit()
    run(course, "excuse", "seq2seq", CHECK, "--why", WHY)
    with (course / "grades.csv").open(newline="") as file:
        (row,) = (row for row in csv.DictReader(file) if row["student_id"] == "ann")
    assert (float(row["late_submission_penalty"]), float(row["score"])) == (1.5, 13.5)


def test_marks_follow_a_changed_rubric_and_nobodys_code_is_run(
    course: Path,
) -> None:
    rubric = course / "checks/seq2seq/rubric.toml"
    text = rubric.read_text()
    head, line, tail = text.partition("[[greedy.line]]")
    changed = tail.replace("points = 4.5", "points = 3.5", 1).replace(
        "points = 1\n", "points = 2\n", 1
    )
    rubric.write_text(head + line + changed)
    before = unlocked(course)
    assert "ann: 14.3 → 13.6" in run(course, "remark", "seq2seq", "--dry-run")
    assert unlocked(course) == before
    results = {path: path.read_bytes() for path in (course / "build/results").glob("*.json")}
    run(course, "class", "seq2seq")
    assert score(course, "ann") == (13.6, 13.6, 13.6)
    assert results == {
        path: path.read_bytes() for path in (course / "build/results").glob("*.json")
    }
    rubric.write_text(text)
    run(course, "remark", "seq2seq")
    assert score(course, "ann") == (14.3, 14.3, 14.3)


def test_other_points_wait_for_the_release(course: Path) -> None:
    rubric = course / "checks/seq2seq/rubric.toml"
    rubric.write_text(rubric.read_text().replace("points = 4.5", "points = 5.5", 1))
    before = unlocked(course)
    assert "make release" in run(course, "remark", "seq2seq", code=1)
    assert unlocked(course) == before


def test_a_regrade_keeps_the_earlier_report_and_says_what_has_changed(course: Path) -> None:
    before = (course / "reports/seq2seq/ann.json").read_bytes()
    again = run(course, "regrade", "seq2seq", "ann", "--why", "she asked")
    assert "nothing has changed" in again
    path = course / "submitted/ann/seq2seq/seq2seq.ipynb"
    path.write_text(path.read_text().replace("set_default_dtype(torch.float64)", "no_grad()"))
    reports = unlocked(course)
    dry = run(course, "regrade", "seq2seq", "ann", "--why", "mended", "--dry-run")
    assert unlocked(course) == reports
    told = run(course, "regrade", "seq2seq", "ann", "--why", "mended")
    assert dry.splitlines()[:-1] == told.splitlines()[:-1]
    assert f"{CHECK}: wrong → passed" in told
    first, second = sorted((course / "reports/seq2seq/earlier/ann").glob("*.json"))
    assert first.read_bytes() == before
    assert second.with_suffix(".txt").read_text().startswith("mended\n")
    run(course, "remove", "ann")
    assert not (course / "reports/seq2seq/earlier/ann").exists()
    assert "nothing of 'ann' is graded" in run(
        course, "regrade", "seq2seq", "ann", "--why", "x", code=1
    )


def test_the_class_report_lies_beside_the_reports_and_links_to_feedback(course: Path) -> None:
    told = run(course, "report", "seq2seq")
    assert told.splitlines() == ["reports/seq2seq/class.html", "reports/seq2seq/class.csv"]
    text = (course / "reports/seq2seq/class.html").read_text()
    assert 'href="../../feedback/bob/seq2seq/seq2seq.html"' in text
    assert "Sections" in text
    run(course, "report", "seq2seq", "--anonymous")
    text = (course / "reports/seq2seq/class-anonymous.html").read_text()
    assert "ann" not in text.replace("anonymous", "").replace("cannot", "")
    run(course, "class", "seq2seq")  # takes none of them for a report


def test_a_feedback_page_opens_anywhere_and_its_index_leads_to_each_task(graded: Path) -> None:
    html = page(graded, "ann")
    soup = BeautifulSoup(html, "html.parser")
    assert soup.html is not None
    assert soup.html["lang"] == "en"
    assert soup.find("meta", attrs={"name": "viewport"})
    assert soup.find(["script", "link", "iframe"]) is None
    pictures = [str(tag["src"]) for tag in soup.find_all("img")]
    assert [source for source in pictures if not source.startswith("data:")] == []
    assert "@import" not in html
    assert "url(" not in html
    targets = [str(link["href"]).removeprefix("#") for link in soup.select("nav a")]
    assert [target.removeprefix("test_") for target in targets] == [*TASKS, "translation"]
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert set(targets) <= set(ids)
    assert len(ids) == len(set(ids))
    (mark,) = soup.select("header.first .mark")
    assert mark.get_text() == "14.3 of 100 points"
    (following,) = soup.select("header.first .next")
    assert "encoder" in following.get_text()
    assert soup.select("section.verdicts details:not([open])")
