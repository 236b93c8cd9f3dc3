"""A written answer graded by people: the mark scheme beside it, shares, feedback held back."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions import formgrader
from nbgrader.utils import notebook_hash
from traitlets.config.loader import PyFileConfigLoader

from autograder.__main__ import main
from autograder.assignment import Assignment, released_notebook
from autograder.course import Course
from autograder.desk.by_hand.scheme import SchemeBeside, mark_scheme
from autograder.desk.people.shares import Share, dealt, read_shares, renamed, write_shares
from autograder.desk.plugins.handback import CompleteReleaseFeedback
from autograder.desk.plugins.made_of import page_sources
from autograder.errors import NotAmended, SheetError
from autograder.notebook.lesson import grade_id

from .desks import course, gradebook_of_two, graded

__all__ = ["course", "gradebook_of_two"]


def answered(text: str) -> NotebookNode:
    """The release with a written answer."""
    notebook = released_notebook(Assignment("seq2seq"))
    for cell in notebook.cells:
        if grade_id(cell) == "translation":
            cell.source = text
    return notebook


def write_answer(course: Course, student: str, text: str) -> None:
    """Put a graded notebook with this answer where nbgrader keeps it."""
    graded(course, student)
    nbformat.write(answered(text), course.graded("seq2seq", student) / "seq2seq.ipynb")


def formgraders_page(course: Course, student: str) -> BeautifulSoup:
    """What the Formgrader shows of a graded notebook."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    config.HTMLExporter.template_name = "formgrade"  # as nbgrader's extension sets them
    templates = Path(formgrader.__file__).parent / "templates"
    config.HTMLExporter.extra_template_basedirs = [str(templates)]
    resources = {
        **{"base_url": "/here", "index": 0, "total": 1, "submission_id": "17"},
        **{"assignment_id": "seq2seq", "notebook_id": "seq2seq", "student": student},
    }
    file = course.graded("seq2seq", student) / "seq2seq.ipynb"
    html, _ = HTMLExporter(config=config).from_filename(str(file), resources=resources)
    return BeautifulSoup(html, "html.parser")


def test_the_mark_scheme_of_the_lesson_is_read_as_a_rubric() -> None:
    """Its criteria add up to the task's points."""
    assignment = Assignment("seq2seq")
    parts = mark_scheme(assignment, "translation")
    (points,) = (task.points for task in assignment.tasks if task.key == "translation")
    assert sum(one.points for part in parts for one in part.criteria) == points
    assert [part.name for part in parts if part.criteria] == [
        "Search and model",
        "Bottleneck",
        "Teacher forcing",
    ]


def test_a_task_without_a_mark_scheme_has_none() -> None:
    assert mark_scheme(Assignment("seq2seq"), "encoder") == ()


def test_formgrader_shows_the_mark_scheme_beside_the_answer(course: Course) -> None:
    write_answer(course, "ann", "A wider beam gains 0.2.")
    write_shares(course.shares, [Share("seq2seq", "ann", "translation", "Ben <b>")])
    page = formgraders_page(course, "ann")
    (both,) = page.find_all(class_="answer-and-scheme")
    assert "A wider beam gains 0.2." in both.get_text()
    (aside,) = both.find_all("aside")
    scheme = aside.get_text()
    assert "Search and model (3)" in scheme
    assert "a wider beam corrects search errors only" in scheme
    assert "in the share of Ben <b>" in scheme
    assert both.find_next("textarea", id="translation-comment")
    assert "corrects search errors only" not in page.get_text().replace(both.get_text(), "")


def test_formgrader_shows_it_where_nothing_was_written_too(course: Course) -> None:
    write_answer(course, "ann", "")
    assert "Bottleneck (4)" in formgraders_page(course, "ann").get_text()


def test_a_feedback_page_never_shows_the_mark_scheme() -> None:
    book = answered("mine")
    before = nbformat.writes(book)
    after, _ = SchemeBeside().preprocess(book, {"nbgrader": {"assignment": "seq2seq"}})
    assert nbformat.writes(after) == before


students = st.lists(st.text("abcdefgh", min_size=1), min_size=1, max_size=30, unique=True)


@given(students, st.integers(2, 5), st.integers(0, 8))
def test_every_answer_has_one_grader_and_all_have_about_as_many(
    names: list[str], number: int, twice: int
) -> None:
    graders = [f"grader {index}" for index in range(number)]
    answers = {(name, "translation") for name in names}
    shares = dealt([], "seq2seq", answers, answers, graders, twice)
    assert {(one.student, one.task) for one in shares} == answers
    load = Counter(dict.fromkeys(graders, 0))
    load.update(one.grader for one in shares)
    assert max(load.values()) - min(load.values()) <= 1
    assert sum(bool(one.second) for one in shares) == min(twice, len(names))
    assert all(one.second != one.grader for one in shares)
    assert dealt(shares, "seq2seq", answers, answers, graders, twice) == shares


@given(students)
def test_what_somebody_has_graded_stays_theirs_and_the_rest_of_who_left_is_dealt_anew(
    names: list[str],
) -> None:
    answers = {(name, "translation") for name in names}
    first = dealt([], "seq2seq", answers, answers, ["Ann", "Ben"])
    waiting = {(one.student, one.task) for one in first[::2]}
    later = dealt(first, "seq2seq", answers, waiting, ["Ann", "Cyd"])
    for before, after in zip(first, later, strict=True):
        if (after.student, after.task) in waiting and before.grader == "Ben":
            assert after.grader in ("Ann", "Cyd")
        else:
            assert after.grader == before.grader


@pytest.mark.parametrize(
    ("graders", "twice"), [([], 0), (["Ann", "Ann"], 0), (["Ann"], 2), (["Ann", " "], 0)]
)
def test_shares_that_cannot_be_dealt_are_refused(graders: list[str], twice: int) -> None:
    with pytest.raises(NotAmended):
        dealt([], "seq2seq", {("ann", "translation")}, set(), graders, twice)


def test_two_graders_see_who_has_what_and_where_they_do_not_agree(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, student in enumerate(("ann", "ben", "cyd", "dan")):
        write_answer(course, student, f"answer {number}")
    assert main(["shares", "seq2seq", "--grader", "Eva", "--grader", "Max", "--twice", "4"]) == 0
    said = capsys.readouterr().out
    assert "Eva: 0 of 2 graded; a second time 0 of 2" in said
    assert "graded twice: none yet" in said
    for share in read_shares(course.shares):
        with course.gradebook() as gradebook:
            grade = gradebook.find_grade("translation", "seq2seq", "seq2seq", share.student)
            grade.manual_score, grade.needs_manual_grade = 6.0, False
            gradebook.db.commit()
        points = "9" if share.student == "ann" else "6"
        who = ["--grader", share.second]
        assert main(["second", "seq2seq", share.student, points, *who]) == 0
    capsys.readouterr()
    assert main(["shares", "seq2seq"]) == 0
    said = capsys.readouterr().out
    assert "Eva: 2 of 2 graded, mean 6.00 points; a second time 2 of 2" in said
    assert "graded twice: 4; the same points 3 times, apart by 0.75 points on average" in said
    assert "talk about ann: 6 and 9" in said
    assert "talk about ben" not in said


def test_a_graders_page_has_their_answers_beside_the_scheme_and_no_marks(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    write_answer(course, "ann", "mine <script>alert(1)</script>")
    graded(course, "ben", by_hand=7.25)
    nbformat.write(answered("7 words"), course.graded("seq2seq", "ben") / "seq2seq.ipynb")
    graders = ["--grader", "Eva", "--grader", "Max", "--twice", "2"]
    assert main(["shares", "seq2seq", *graders]) == 0
    for grader in ("Eva", "Max"):
        file = course.root / "build" / "marks" / f"seq2seq-by-hand-{grader}.html"
        page = BeautifulSoup(file.read_text(), "html.parser")
        assert len(page.find_all("section")) == 2  # one of their own, one a second time
        assert page.find("script") is None
        assert "7.25" not in page.get_text()
        assert page.get_text().count("Bottleneck (4)") == 2
        (link,) = page.find_all("a", href=re.compile("/formgrader/submissions/"))
        number = str(link["href"]).split("/")[-2]
        with course.gradebook() as gradebook:
            student = gradebook.find_submission_notebook_by_id(number).student.id
        shares = {one.student: one.grader for one in read_shares(course.shares)}
        assert shares[student] == grader


@pytest.mark.parametrize(
    "terms",
    [
        ["ann", "11", "--grader", "Max"],
        ["ann", "-1", "--grader", "Max"],
        ["ann", "3", "--grader", "Eva"],
        ["nobody", "3", "--grader", "Max"],
        ["ann", "nan", "--grader", "Max"],
    ],
)
def test_a_second_mark_that_cannot_be_is_refused(
    course: Course, terms: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write_shares(course.shares, [Share("seq2seq", "ann", "translation", "Eva", "Max")])
    before = course.shares.read_bytes()
    assert main(["second", "seq2seq", *terms]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert course.shares.read_bytes() == before


def test_shares_follow_a_student_who_is_renamed_or_removed(tmp_path: Path) -> None:
    file = tmp_path / "shares.csv"
    write_shares(file, [Share("seq2seq", "ann", "translation", "Eva", "Max", 7.5)])
    assert renamed(file, "ann", "anna")
    assert read_shares(file) == [Share("seq2seq", "anna", "translation", "Eva", "Max", 7.5)]
    assert renamed(file, "anna", "")
    assert read_shares(file) == []
    assert not renamed(file, "anna", "")


def test_a_file_of_shares_that_is_not_in_order_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "shares.csv"
    file.write_text("assignment,student,task,grader,second,second_points\na,b,c,d,e,many\n")
    with pytest.raises(SheetError, match="line 2: second_points: expected a number, got 'many'"):
        read_shares(file)
    file.write_text("assignment,student\na,b\n")
    with pytest.raises(SheetError, match="no column 'task'"):
        read_shares(file)


def release_feedback(course: Course, waiting: bool = False) -> Path:
    """Release feedback; where the students' nbgrader looks for it."""
    place = course.root / "handed back"
    place.mkdir(exist_ok=True)
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    config.CourseDirectory.assignment_id = "seq2seq"
    step = CompleteReleaseFeedback(coursedir=CourseDirectory(config=config), waiting=waiting)
    step.dest_path = str(place)
    step.copy_files()
    return place


def test_feedback_waits_for_the_person_who_grades_and_keeps_nobody_else_waiting(
    course: Course,
) -> None:
    """Whose answer nobody has graded, and whose page is older than the mark, get none yet."""
    graded(course, "ann", by_hand=7.0)
    graded(course, "ben")
    names = {}
    for student in ("ann", "ben"):
        secret = course.page("seq2seq", student).parent / "submission_secret.txt"
        secret.write_text(student)
        names[student] = notebook_hash(secret=student, notebook_id="seq2seq") + ".html"
    course.page("seq2seq", "ben").write_text("another page")
    assert [path.name for path in release_feedback(course).iterdir()] == [names["ann"]]
    place = release_feedback(course, waiting=True)
    assert {path.name for path in place.iterdir()} == {*names.values()}


def test_a_page_that_is_older_than_the_persons_mark_is_not_released(course: Course) -> None:
    graded(course, "ann", by_hand=7.0)
    course.page("seq2seq", "ann").write_text("<html><body data-waits>")
    with pytest.raises(Exception, match="no feedback released for ann"):
        release_feedback(course)


def test_the_same_work_of_two_has_the_same_page(course: Course) -> None:
    """Without secrets both are handed back under one name: the work's."""
    for student in ("ann", "ben"):
        graded(course, student, by_hand=7.0)
        course.graded("seq2seq", student).joinpath("seq2seq.ipynb").write_text("the same")
    sources = page_sources(course, "seq2seq")
    assert sources["ann"].digest == sources["ben"].digest


def test_a_page_that_shows_another_mark_than_the_gradebook_is_not_released(course: Course) -> None:
    """Whatever was changed after it was written; written anew, it is."""

    def written() -> str:
        return f'<html data-made-of="{page_sources(course, "seq2seq")["ann"].digest}"></html>'

    graded(course, "ann", by_hand=7.0)
    before = written()
    with course.gradebook() as gradebook:
        gradebook.find_grade("translation", "seq2seq", "seq2seq", "ann").manual_score = 8.0
        gradebook.db.commit()
    course.page("seq2seq", "ann").write_text(before)
    with pytest.raises(Exception, match="no feedback released for ann"):
        release_feedback(course)
    with pytest.raises(Exception, match="no feedback released for ann"):
        release_feedback(course, waiting=True)
    course.page("seq2seq", "ann").write_text(written())
    assert list(release_feedback(course).iterdir())
    course.page("seq2seq", "ann").write_text(written().removesuffix("</html>"))  # a full disk
    with pytest.raises(Exception, match="no feedback released for ann"):
        release_feedback(course)
