"""A term of 30 imaginary students, by the commands of the instructor's page, in its order.

Each test looks at what is so after a line of the page; lines above it have run by then.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import Exchange, ExchangeFetchFeedback, ExchangeSubmit
from nbgrader.exchange.default import ExchangeFetchAssignment as Fetch
from traitlets.config import Config

from autograder.assignment import ROOT, Assignment
from autograder.desk.people.shares import read_shares
from autograder.notebook.lesson import grade_id

from .lab import lab
from .ordinary import run_module, run_program
from .repository import copy_repository

pytestmark = pytest.mark.long

PAGE = ROOT / "docs" / "instructor.md"
CHECKLIST = "A term, line by line"
DETAILS = ("Who is in the class", "Late work and extensions", "Out to where marks live")

STUDENTS = [f"s{number:02}" for number in range(1, 31)]
CAME = STUDENTS[:23]
EXCUSED = "s30"  # the other six hand in nothing
SECTION_A = STUDENTS[:15]
LATE = {"s01": 2, "s16": 2, "s17": 1}  # days; these came by mail
EXTENDED, PENALISED = "s16", "s17"  # of section B
EARLY, AGAIN, RENAMED, WAITS = "s04", "s03", "s23", "s22"
CHECK = "greedy/changes_nothing_and_repeats_itself"
WRONG = ROOT / "tests/submissions/seq2seq/greedy/wrong/default_dtype_changed.py"  # fails CHECK
TASKS: tuple[tuple[str, ...], ...] = (("encoder",), ("greedy",), ("encoder", "greedy"), ())
WORTH = {"encoder": 20.0, "greedy": 14.3}
BY_HAND = 8.0
DUE = datetime.combine(date.today() + timedelta(days=10), datetime.min.time()).replace(hour=18)
BEFORE, AFTER = "120 minutes", "150 minutes"  # a correction of the lesson
STANDS_FOR = {
    "OLD": "s12-old",
    "NEW": "s12-new",
    "FROM": "s12-new",
    "INTO": "s12",
    "NAME...": "left",
    "CHECK": CHECK,
    "2026-12-03T18:00": f"{DUE + timedelta(days=3):%Y-%m-%dT%H:%M}",
}


def commands(heading: str) -> list[str]:
    """The commands in a section's code blocks, without what is said of them."""
    section = re.search(rf"^## {heading}\n(.*?)^## ", PAGE.read_text(), re.DOTALL | re.M)
    assert section is not None
    blocks = re.findall(r"^```\n(.*?)^```", section[1], re.DOTALL | re.M)
    return [re.sub(r" +# .*", "", line) for block in blocks for line in block.splitlines()]


@dataclass
class Term:
    """A course, its exchange, and what has been typed so far."""

    course: Path
    exchange: Path
    homes: Path
    said: list[str] = field(default_factory=list)

    def typed(self, step: Step) -> str:
        """Type a line, as the page has it, and return what was said."""
        if step.before is not None:
            step.before(self)
        if step.command == "jupyter lab":
            self.grade_by_hand()
            return ""
        words = {**STANDS_FOR, "STUDENT": step.student(self) if step.student else ""}
        line = re.sub(r"marks (\w+) --list EXPORT", r"marks \1 --list \1", step.command)
        for word, meant in words.items():
            line = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", meant, line)
        done = run_program(self.course, "bash", "-c", line, OMP_NUM_THREADS="1")
        assert done.returncode == step.code, f"{line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def grade_by_hand(self) -> None:
        """Give everybody's written answer but one the same points, as the Formgrader does."""
        kept = self.homes / "instructor"
        kept.mkdir()
        with lab(self.course, kept, "teacher") as address:
            jar = CookieJar()
            handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
            opener = urllib.request.build_opener(*handlers)

            def ask(place: str, data: object = None) -> Any:
                method = "GET" if data is None else "PUT"
                headers = {one.name.replace("_xsrf", "X-XSRFToken"): one.value or "" for one in jar}
                url = f"{address}/formgrader/{place}"
                body = None if data is None else json.dumps(data).encode()
                request = urllib.request.Request(url, body, headers, method=method)
                with opener.open(request) as answer:
                    return answer.read()

            ask("gradebook")
            for book in json.loads(ask("api/submitted_notebooks/seq2seq/seq2seq")):
                if book["student"] in {*CAME} - {WAITS}:
                    for grade in json.loads(ask(f"api/grades?submission_id={book['id']}")):
                        if grade["needs_manual_grade"]:
                            given = {"manual_score": BY_HAND, "extra_credit": None}
                            ask(f"api/grade/{grade['id']}", given)

    def at_students(self, kind: type[Exchange], student: str) -> Path:
        """What a student's nbgrader does; the folder in which it does it."""
        home = self.homes / student
        home.mkdir(exist_ok=True)
        config = Config()
        config.CourseDirectory.course_id = "deep-learning"
        config.CourseDirectory.assignment_id = "seq2seq"
        config.CourseDirectory.student_id = student
        config.Exchange.root = str(self.exchange)
        config.Exchange.cache = str(home / "cache")
        config.Exchange.assignment_dir = str(home)
        terms = {"coursedir": CourseDirectory(config=config), "config": config}
        kind(authenticator=Authenticator(config=config), **terms).start()
        return home / "seq2seq"

    def hand_in(self, student: str, tasks: tuple[str, ...]) -> None:
        """Hand in a notebook with some tasks answered."""
        if (self.homes / student / "seq2seq").exists():
            folder = self.homes / student / "seq2seq"
        else:
            folder = self.at_students(Fetch, student)
        path = folder / "seq2seq.ipynb"
        answered(path, student, tasks)
        if student in LATE:
            into = self.course / "submitted" / student / "seq2seq"
            into.mkdir(parents=True)
            shutil.copy(path, into)
            came = DUE + timedelta(days=LATE[student], hours=-8)
            (into / "timestamp.txt").write_text(f"{came} UTC")
            return
        if student == RENAMED:
            path.rename(folder / "seq2seq (1).ipynb")
        self.at_students(ExchangeSubmit, student)

    def rows(self) -> dict[str, dict[str, str]]:
        """The rows of the exported grades."""
        with (self.course / "grades.csv").open(newline="") as file:
            return {row["student_id"]: row for row in csv.DictReader(file)}

    def raw(self) -> dict[str, float]:
        """What was earned, by all who have a mark."""
        return {name: float(row["raw_score"]) for name, row in self.rows().items() if row["score"]}

    @contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
        """The gradebook, open."""
        with Gradebook(f"sqlite:///{self.course / 'gradebook.db'}", "deep-learning") as gradebook:
            yield gradebook

    def reports(self) -> dict[str, bytes]:
        """Everybody's report."""
        return {path.stem: path.read_bytes() for path in self.course.glob("reports/seq2seq/*.json")}

    def page(self, student: str) -> BeautifulSoup:
        """A student's feedback."""
        file = self.course / "feedback" / student / "seq2seq" / "seq2seq.html"
        return BeautifulSoup(file.read_text(), "html.parser")


def answered(path: Path, student: str, tasks: tuple[str, ...]) -> None:
    """Answer some tasks of a notebook, and write something for a person to read."""
    solved = {grade_id(cell): cell.source for cell in Assignment("seq2seq").source.cells}
    answers = {"encoder": solved["encoder"], "greedy": WRONG.read_text()}
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) in tasks:
            cell.source = answers[grade_id(cell)]
        if grade_id(cell) == "translation":
            cell.source = f"What {student} has to say."
    nbformat.write(notebook, path)


def tasks_of(student: str) -> tuple[str, ...]:
    """The tasks that a student has answered in the end."""
    return TASKS[STUDENTS.index(student) % len(TASKS)]


def earned(student: str) -> float:
    """What that is worth."""
    return sum(WORTH[task] for task in tasks_of(student))


@dataclass(frozen=True)
class Step:
    """A line that is typed."""

    command: str
    listed: bool  # on the checklist
    before: Callable[[Term], None] | None
    student: Callable[[Term], str] | None
    code: int


STEPS: list[Step] = []


def after(
    *lines: str,
    listed: bool = True,
    before: Callable[[Term], None] | None = None,
    student: str | Callable[[Term], str] | None = None,
    code: int = 0,
) -> pytest.MarkDecorator:
    """A test of what is so after these lines: it gets what the last one said.

    Args:
        listed: whether the lines are the checklist's next.
        before: what happens before the first of them.
        student: whom `STUDENT` stands for.
        code: the exit code of the last.

    Without lines it is another test of what the line before has done.
    """
    who = (lambda _: student) if isinstance(student, str) else student
    for place, line in enumerate(lines):
        last = place == len(lines) - 1
        STEPS.append(Step(line, listed, None if place else before, who, code if last else 0))
    return pytest.mark.parametrize("said", [len(STEPS) - 1], indirect=True, ids=[STEPS[-1].command])


@pytest.fixture(scope="module")
def term(tmp_path_factory: pytest.TempPathFactory) -> Term:
    """A clone in which nothing was made yet, and an empty exchange."""
    place = tmp_path_factory.mktemp("term")
    made = Term(place / "course", place / "exchange", place / "homes")
    for folder in (made.course, made.exchange, made.homes):
        folder.mkdir()
    copy_repository(made.course, without="(tests/test_|docs/)")
    with (made.course / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Exchange.root = {str(made.exchange)!r}\n")
        file.write("c.ProveRelease.grading = False\n")  # what it proves, other tests do
    terms = f'time_zone = "Europe/Berlin"\n[seq2seq]\ndue = {DUE.isoformat()}\n'
    (made.course / "offering.toml").write_text(terms)
    write_lists(made.course)
    installed = made.course / ".venv" / "installed"
    installed.parent.mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name != installed.name:
            (installed.parent / path.name).symlink_to(path)
    installed.touch()
    return made


def write_lists(course: Path) -> None:
    """Write the list of the class, and what three platforms export."""
    listed = [*STUDENTS, "s12-old", "left"]
    canvas, moodle, blackboard = (
        ["Student,ID,SIS User ID,SIS Login ID,Section,seq2seq (4711)"],
        ["First name,Surname,ID number,Email address,Groups"],
        ['"Last Name","First Name","Username","seq2seq [Total Pts: 100 Score] |3391"'],
    )
    canvas.append("    Points Possible,,,,,100")
    for number, name in enumerate(listed):
        section = "Section A" if name in SECTION_A else "Section B"
        canvas.append(f'"Last {name}, First {name}",{number},U{number},{name},{section},')
        moodle.append(f"First {name},Last {name},{name},,Group 1")
        blackboard.append(f'"Last {name}","First {name}","{name}",""')
    (course / "LIST.csv").write_text("\n".join(canvas) + "\n")
    of_class = {"canvas": canvas, "moodle": moodle, "blackboard": blackboard}
    for platform, rows in of_class.items():
        (course / f"{platform}.csv").write_text("\n".join(rows[:-2]) + "\n")


@pytest.fixture
def said(request: pytest.FixtureRequest, term: Term) -> str:
    """What a step said; what comes before it is done before it."""
    while len(term.said) <= request.param:
        step = STEPS[len(term.said)]
        term.said.append("")  # also where it fails: then this test does, and the next goes on
        term.said[-1] = term.typed(step)
    return term.said[request.param]


@after("make setup && source .venv/bin/activate")
def test_what_is_installed_is_not_installed_again(said: str) -> None:
    assert "Nothing to be done" in said


@after("chmod o= .")
def test_the_course_is_closed_to_others(term: Term, said: str) -> None:
    assert term.course.stat().st_mode & 0o007 == 0


@after("python -m autograder doctor")
def test_all_holds_here(said: str) -> None:
    assert {line[0] for line in said.splitlines()} == {"✓"}


@after("python -m autograder roster LIST.csv")
def test_everybody_of_the_list_is_in_the_gradebook_before_there_is_a_release(
    term: Term, said: str
) -> None:
    assert said == "32 students: 32 new\n"
    with term.gradebook() as gradebook:
        assert {one.id for one in gradebook.students} == {*STUDENTS, "s12-old", "left"}


@after(
    "python -m autograder rename OLD NEW",
    "python -m autograder merge FROM INTO",
    "python -m autograder remove NAME...",
    listed=False,
)
def test_nothing_is_left_of_who_was_renamed_merged_or_removed(term: Term, said: str) -> None:
    with term.gradebook() as gradebook:
        assert {one.id for one in gradebook.students} == {*STUDENTS}
    listed = (term.course / "students.csv").read_text()
    assert [name for name in ("s12-old", "s12-new", "left") if name in listed] == []


@after("make release")
def test_the_release_is_in_the_gradebook_with_all_its_points(term: Term, said: str) -> None:
    assert "built and proved" in said
    with term.gradebook() as gradebook:
        assert gradebook.find_assignment("seq2seq").max_score == 100
        assert len(gradebook.students) == len(STUDENTS)


def handed_out(term: Term) -> str:
    return (term.exchange / "deep-learning/outbound/seq2seq/seq2seq.ipynb").read_text()


@after("nbgrader release_assignment seq2seq")
def test_students_can_fetch_it(term: Term, said: str) -> None:
    fetched = term.at_students(Fetch, EARLY) / "seq2seq.ipynb"
    assert BEFORE in fetched.read_text()
    assert "BEGIN SOLUTION" not in fetched.read_text()


def correct(term: Term) -> None:
    """Correct the lesson."""
    lesson = term.course / "solutions/seq2seq/seq2seq.py"
    assert BEFORE in lesson.read_text()
    lesson.write_text(lesson.read_text().replace(BEFORE, AFTER))


@after("make release", before=correct)
def test_a_corrected_lesson_is_built_anew_and_nobody_has_it_yet(term: Term, said: str) -> None:
    assert "built and proved" in said
    assert AFTER in (term.course / "assignments/seq2seq/seq2seq.ipynb").read_text()
    assert BEFORE in handed_out(term)


@after("nbgrader release_assignment seq2seq --force")
def test_who_fetches_now_has_the_correction(term: Term, said: str) -> None:
    assert AFTER in handed_out(term)
    assert BEFORE not in handed_out(term)


@after('python -m autograder extension STUDENT 2d --why "ill"', student=EXTENDED)
def test_an_extension_is_in_nbgraders_own_field(term: Term, said: str) -> None:
    with term.gradebook() as gradebook:
        assert gradebook.find_submission("seq2seq", EXTENDED).extension == timedelta(days=2)


@after(
    'python -m autograder extension "Section A" 2026-12-03T18:00 --why "a fire drill"',
    'python -m autograder extension STUDENT excused --why "in hospital"',
    'python -m autograder extension STUDENT none --why "a mistake"',
    listed=False,
    student=PENALISED,
)
def test_a_section_has_its_extension_and_one_granted_by_mistake_is_gone(
    term: Term, said: str
) -> None:
    with term.gradebook() as gradebook:
        found = {
            one.student.id: one.extension for one in gradebook.assignment_submissions("seq2seq")
        }
    assert {name: found[name] for name in SECTION_A} == dict.fromkeys(SECTION_A, timedelta(days=3))
    assert not found.get(PENALISED)
    assert found[EXTENDED] == timedelta(days=2)


@after(
    'python -m autograder extension STUDENT excused --why "in hospital"',
    listed=False,
    student=EXCUSED,
)
def test_one_is_excused(said: str) -> None:
    assert EXCUSED in said


def everybody_hands_in(term: Term) -> None:
    """Hand in, one of them what is not ready yet, and another what was fetched long ago."""
    for student in CAME:
        term.hand_in(student, () if student == AGAIN else tasks_of(student))


COLLECT = "nbgrader collect seq2seq --update"


def handed_in(term: Term) -> dict[str, bytes]:
    """What each student has handed in last."""
    return {name: notebook(term.homes / name / "seq2seq") for name in CAME}


def collected(term: Term) -> dict[str, bytes]:
    """What lies in the course for each student."""
    folders = sorted((term.course / "submitted").iterdir())
    return {folder.name: notebook(folder / "seq2seq") for folder in folders}


def notebook(folder: Path) -> bytes:
    """The one notebook in a folder."""
    (found,) = folder.glob("*.ipynb")
    return found.read_bytes()


@after(COLLECT, before=everybody_hands_in)
def test_everybodys_notebook_is_collected(term: Term, said: str) -> None:
    assert collected(term) == handed_in(term)


@after(COLLECT, listed=False, before=lambda term: term.hand_in(AGAIN, tasks_of(AGAIN)))
def test_who_hands_in_again_is_collected_again(term: Term, said: str) -> None:
    assert said.count("Updating submission") == 1
    assert collected(term) == handed_in(term)


@after("python -m autograder class seq2seq", code=1)
def test_everybody_has_a_row_and_each_the_mark_deserved(term: Term, said: str) -> None:
    rows = term.rows()
    assert [*rows] == STUDENTS
    found = Counter(row["status"] for row in rows.values())
    other = rows[RENAMED]["status"]
    assert other.startswith("not graded: found 'seq2seq (1).ipynb'")
    assert found == {"graded, waits for a person": 22, other: 1, "missing": 6, "excused": 1}
    assert term.raw() == {name: earned(name) for name in CAME if name != RENAMED}
    assert BEFORE in (term.course / f"submitted/{EARLY}/seq2seq/seq2seq.ipynb").read_text()
    table = " ".join(said[said.index("30 students") :].split())
    places = [table.index(f" {word} ") for word in ("Section A", *SECTION_A, "Section B")]
    assert places == sorted(places)
    assert "python -m autograder accept" in table


@after()
def test_what_being_late_costs_is_the_same_in_table_grades_and_page(term: Term, said: str) -> None:
    assert "1 day late: −2 points" in " ".join(said.split())
    rows = term.rows()
    for name in LATE:
        taken = round(earned(name) * 0.1, 2) if name == PENALISED else 0
        assert float(rows[name]["late_submission_penalty"]) == taken
    assert "1 day late has begun, 10 % of the points earned are taken off: 2." in (
        term.page(PENALISED).get_text()
    )
    assert "Your due date was extended" in term.page("s01").get_text()
    assert "fire drill" not in term.page("s01").get_text()


@after(
    "python -m autograder accept seq2seq STUDENT 'seq2seq (1).ipynb'",
    student=RENAMED,
)
def test_a_file_of_another_name_is_taken_as_it_is(term: Term, said: str) -> None:
    folder = term.course / "submitted" / RENAMED / "seq2seq"
    taken, found = folder / "seq2seq.ipynb", folder / "seq2seq (1).ipynb"
    assert taken.read_bytes() == found.read_bytes()


@after("python -m autograder class seq2seq")
def test_it_is_graded_and_what_others_have_stays(term: Term, said: str) -> None:
    assert term.raw() == {name: earned(name) for name in CAME}


@after("python -m autograder shares seq2seq --grader Eva --grader Max --twice 10")
def test_every_answer_has_a_grader_and_ten_have_two(term: Term, said: str) -> None:
    shares = read_shares(term.course / "shares.csv")
    assert sorted(share.student for share in shares) == CAME
    assert sum(bool(share.second) for share in shares) == 10
    for grader in ("Eva", "Max"):
        page = (term.course / f"build/marks/seq2seq-by-hand-{grader}.html").read_text()
        own = [share.student for share in shares if grader in (share.grader, share.second)]
        assert [name for name in CAME if f"What {name} has to say." in page] == own


@after("jupyter lab")
def test_points_given_in_formgrader_are_in_the_gradebook(term: Term, said: str) -> None:
    with term.gradebook() as gradebook:
        found = {one.student.id: one for one in gradebook.assignment_submissions("seq2seq")}
        for name in CAME:
            by_hand = 0 if name == WAITS else BY_HAND
            assert found[name].needs_manual_grade is (name == WAITS)
            assert found[name].score == pytest.approx(earned(name) + by_hand)


def read_twice(term: Term) -> str:
    """Somebody whose answer Max reads too."""
    shares = read_shares(term.course / "shares.csv")
    return next(one.student for one in shares if one.second == "Max" and one.student != WAITS)


@after("python -m autograder second seq2seq STUDENT 7.5 --grader Max", student=read_twice)
def test_a_second_readers_points_are_kept_beside_the_mark(term: Term, said: str) -> None:
    name = read_twice(term)
    (share,) = [one for one in read_shares(term.course / "shares.csv") if one.student == name]
    assert share.second_points == 7.5
    with term.gradebook() as gradebook:
        found = gradebook.find_submission("seq2seq", name).score
    assert found == pytest.approx(earned(name) + BY_HAND)


@after("python -m autograder shares seq2seq")
def test_who_has_graded_how_many_is_said(said: str) -> None:
    done = re.findall(r"^(Eva|Max): (\d+) of (\d+) graded", said, re.MULTILINE)
    assert [name for name, *_ in done] == ["Eva", "Max"]
    assert sum(int(graded) for _, graded, _ in done) == len(CAME) - 1
    assert sum(int(number) for *_, number in done) == len(CAME)
    assert "graded twice: 1; the same points 0 times, apart by 0.50 points" in said


@after("python -m autograder report seq2seq")
def test_the_class_report_names_the_check_that_many_fail(term: Term, said: str) -> None:
    folder = term.course / "reports" / "seq2seq"
    assert said.splitlines() == ["reports/seq2seq/class.html", "reports/seq2seq/class.csv"]
    assert CHECK in (folder / "class.csv").read_text()
    assert "Section B" in (folder / "class.html").read_text()


@after("python -m autograder alike seq2seq")
def test_nobody_is_listed_for_what_the_solution_explains(term: Term, said: str) -> None:
    assert (term.course / "reports/seq2seq/alike.html").is_file()
    assert said.startswith("0 of 253 pairs of 23 students")


EXCUSE = 'python -m autograder excuse seq2seq CHECK --why "the text did not say it"'


def excused(student: str) -> float:
    """What was earned once CHECK is excused."""
    return earned(student) + (0.7 if "greedy" in tasks_of(student) else 0)


@after(f"{EXCUSE} --dry-run")
def test_who_would_gain_what_is_said_and_nothing_is_changed(term: Term, said: str) -> None:
    gaining = [name for name in CAME if excused(name) > earned(name)]
    assert re.findall(r"^(\w+): .*\(\+0\.7\)", said, re.MULTILINE) == gaining
    assert term.raw() == {name: earned(name) for name in CAME}
    assert not (term.course / "excused.jsonl").exists()


@after(EXCUSE)
def test_an_excused_check_costs_nobody_anything_and_points_by_hand_stay(
    term: Term, said: str
) -> None:
    given = {name: 0 if name == WAITS else BY_HAND for name in CAME}
    expected = {name: pytest.approx(excused(name) + given[name]) for name in CAME}
    assert term.raw() == expected
    rows = term.rows()
    assert float(rows[PENALISED]["late_submission_penalty"]) == 2.8


def shown(student: str) -> float:
    """The mark of a student once all is graded, late penalty and all."""
    points = excused(student) + BY_HAND
    return round(points * (0.9 if student == PENALISED else 1), 2)


@after("nbgrader generate_feedback seq2seq")
def test_each_page_says_the_mark_with_what_was_given_by_hand(term: Term, said: str) -> None:
    for name in CAME:
        page = term.page(name)
        if name == WAITS:
            assert "waits for a person" in page.get_text()
            continue
        (mark,) = page.select("header.first .mark")
        assert mark.get_text() == f"{shown(name):g} of 100 points"
        assert f"What {name} has to say." in page.get_text()


def received(term: Term, student: str) -> list[str]:
    """The pages that a student can fetch."""
    folder = term.at_students(ExchangeFetchFeedback, student)
    return [path.read_text() for path in sorted(folder.glob("feedback/*/*.html"))]


@after("nbgrader release_feedback seq2seq")
def test_each_student_can_fetch_the_own_page_and_who_waits_none(term: Term, said: str) -> None:
    assert re.search(rf"not released, since a person has yet to grade .*: {WAITS};", said)
    for name in LATE:  # came by mail: no secret, so that their nbgrader does not find it
        assert f"what {name} handed in has no submission_secret.txt" in said
    for name in CAME:
        if name not in LATE:
            pages = received(term, name)
            assert len(pages) == (name != WAITS)
            for page in pages:
                assert [one for one in CAME if f"What {one} has to say." in page] == [name]


REGRADE = 'python -m autograder regrade seq2seq STUDENT --why "says that the GPU check is wrong"'


@after(REGRADE, student="s05")
def test_a_regrade_keeps_the_earlier_report_and_the_points_by_hand(term: Term, said: str) -> None:
    assert said.startswith("nothing has changed\n")
    (kept,) = term.course.glob("reports/seq2seq/earlier/s05/*.json")
    assert kept.read_bytes() == term.reports()["s05"]
    assert "GPU check" in kept.with_suffix(".txt").read_text()
    assert term.raw()["s05"] == excused("s05") + BY_HAND


@after("nbgrader release_feedback seq2seq")
def test_the_new_page_stands_in_the_place_of_the_old(term: Term, said: str) -> None:
    (page,) = received(term, "s05")
    assert page == (term.course / "feedback/s05/seq2seq/seq2seq.html").read_text()


@after("nbgrader export")
def test_the_grades_have_everybody_and_why_somebody_has_no_mark(term: Term, said: str) -> None:
    rows = term.rows()
    status = Counter(row["status"] for row in rows.values())
    assert status == {"graded": 22, "graded, waits for a person": 1, "missing": 6, "excused": 1}
    for name in CAME:
        if name != WAITS:
            assert float(rows[name]["score"]) == shown(name)
    assert {row["score"] for name, row in rows.items() if name not in CAME} == {""}


def column(file: Path, student: str) -> list[str]:
    """A student's row of an exported file."""
    rows = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    (found,) = [row for row in rows if student in row]
    return found


def numbers(cells: list[str]) -> set[float]:
    """The numbers in cells."""
    return {float(cell) for cell in cells if re.fullmatch(r"\d+(\.\d+)?", cell)}


@after("python -m autograder marks canvas --list EXPORT.csv --to canvas.csv")
def test_canvas_gets_every_mark(term: Term, said: str) -> None:
    assert WAITS in said
    for name in CAME:
        cells = column(term.course / "canvas.csv", name)
        assert (shown(name) in numbers(cells)) == (name != WAITS)
    assert "EX" in column(term.course / "canvas.csv", EXCUSED)


@after(
    "python -m autograder marks moodle --list EXPORT.csv",
    "python -m autograder marks blackboard --list EXPORT.csv",
    "python -m autograder marks gradescope",
    "python -m autograder marks feedback",
    "python -m autograder marks mail",
    listed=False,
)
def test_so_do_all_others(term: Term, said: str) -> None:
    built = term.course / "build" / "marks"
    for file in ("seq2seq-moodle.csv", "seq2seq-blackboard.csv", "seq2seq-mail.csv"):
        assert shown(PENALISED) in numbers(column(built / file, PENALISED))
    names = {str(path.relative_to(built)) for path in built.rglob("*.*")}
    assert {"feedback/seq2seq-Section_A.zip", "feedback/seq2seq-Section_B.zip"} <= names
    assert {f"gradescope/{name}/results.json" for name in CAME if name != WAITS} <= names


@after("(umask 077; tar -czf ../term.tar.gz --exclude=./.venv --exclude=./build .)")
def test_an_archive_is_for_its_owner_and_unpacked_is_the_same_course(
    term: Term, said: str, tmp_path: Path
) -> None:
    archive = term.course.parent / "term.tar.gz"
    assert archive.stat().st_mode & 0o077 == 0
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path], check=True)
    (tmp_path / "grades.csv").unlink()
    written = {path: path.stat().st_mtime_ns for path in tmp_path.glob("reports/seq2seq/*.json")}
    done = run_module(tmp_path, "autograder", "class", "seq2seq", OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "grades.csv").read_bytes() == (term.course / "grades.csv").read_bytes()
    assert len(written) == len(CAME)
    assert {path: path.stat().st_mtime_ns for path in written} == written  # nobody is graded again


def test_every_line_of_the_checklist_is_typed_in_its_order() -> None:
    assert [step.command for step in STEPS if step.listed] == commands(CHECKLIST)


def test_so_is_every_command_about_people_and_marks_on_the_page() -> None:
    page = {line for heading in DETAILS for line in commands(heading) if "autograder" in line}
    assert {shlex.split(line)[3] for line in page} == {
        *("roster", "rename", "merge", "remove", "extension", "marks")
    }
    assert page <= {step.command for step in STEPS}
