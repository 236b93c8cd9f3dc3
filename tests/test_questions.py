"""A question before something is run: answered at once, offline, and not to be read off a file."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.assignment import Assignment, declared_assignments
from autograder.errors import AssignmentError, ReleaseRefused
from autograder.questions import Question, as_handed_out, read_questions
from autograder.release.asked import check_asked
from autograder.release.leaks import check_leaks
from checks.questions import FILE, reply, unveil, veil

from .handout import hand_out, in_ipython, in_python

SHOP = """
[eggs]
asks = "What do twelve eggs cost?"
right = "3.60"
because = "Twelve times 0.30."
hint = "What does one egg cost?"
hints = { 0.3 = "That is one egg." }
decimals = 2

[bread]
asks = "Which bread?"
right = "b"
because = "It is the only one."
hint = "Look at the shelf."
hints = { c = "That is cake." }
choices = { a = "white", b = "brown", c = "sweet" }
"""
SHOP = SHOP.replace("{ 0.3 =", '{ "0.3" =')
QUESTIONS = read_questions(SHOP, "questions.toml")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The folder in which the questions are handed out."""
    (tmp_path / FILE).write_text(as_handed_out(QUESTIONS))
    return tmp_path


@pytest.mark.parametrize(
    ("question", "answer", "right", "said"),
    [
        ("eggs", 3.6, True, "✓ Right. Twelve times 0.30."),
        ("eggs", "3,6", True, "Twelve times"),
        ("eggs", 3.604, True, "Twelve times"),
        ("eggs", np.float32(3.6), True, "Twelve times"),
        ("eggs", torch.tensor(3.6), True, "Twelve times"),
        ("eggs", 0.3, False, "✗ Not yet. That is one egg."),
        ("eggs", 4, False, "✗ Not yet. What does one egg cost?"),
        ("eggs", -3.6, False, "What does one egg cost?"),
        ("eggs", float("nan"), False, "What does one egg cost?"),
        ("eggs", "many", None, "? The answer is a number"),
        ("eggs", None, None, "The answer is a number"),
        ("eggs", torch.zeros(2), None, "The answer is a number"),
        ("eggs", ..., None, "? Put your answer where the three dots are: a number."),
        ("bread", "b", True, "It is the only one."),
        ("bread", " B)", True, "It is the only one."),
        ("bread", "a", False, "Look at the shelf."),
        ("bread", "c", False, "That is cake."),
        ("bread", "d", None, "The answer is one of 'a', 'b', 'c'"),
        ("bread", 2, None, "The answer is one of 'a', 'b', 'c'"),
        ("bread", ..., None, "where the three dots are: one of 'a', 'b', 'c'."),
        ("milk", 1, None, "There is no question 'milk'; there are eggs, bread."),
    ],
)
def test_an_answer_is_told_at_once_whether_it_is_right_and_why(
    shop: Path, question: str, answer: object, right: bool | None, said: str
) -> None:
    told = reply(question, answer, shop)
    assert told.right is right
    assert said in told.text
    if right is not True:  # only the right answer earns the reason
        assert QUESTIONS.get(question, QUESTIONS["eggs"]).because not in told.text


def test_nothing_of_answers_reasons_and_hints_can_be_read_in_what_is_handed_out(shop: Path) -> None:
    text = (shop / FILE).read_text()
    for question in QUESTIONS.values():
        for words in (question.because, question.hint, *question.hints.values()):
            assert not [word for word in words.split() if len(word) > 3 and word in text]
    assert "3.6" not in text
    assert "right" not in text


def test_of_a_choice_all_that_is_said_looks_alike(shop: Path) -> None:
    long = Question("?", "a", "Why it is so. " * 3, "No.", choices={"a": "one", "b": "two"})
    (shop / FILE).write_text(as_handed_out({"long": long}))
    said = json.loads((shop / FILE).read_text())["long"]["said"]
    assert len(said) == 3
    assert len({len(veiled) for veiled in said.values()}) == 1


@given(st.text().filter(lambda words: words == words.rstrip()), st.text(), st.text())
def test_what_is_veiled_with_an_answer_is_read_with_it_alone(words: str, a: str, b: str) -> None:
    veiled = veil(words, "question", a)
    assert unveil(veiled, "question", a) == words
    if words and a != b:
        with contextlib.suppress(UnicodeDecodeError):
            assert unveil(veiled, "question", b) != words


def test_two_builds_of_the_questions_are_equal() -> None:
    assert as_handed_out(QUESTIONS) == as_handed_out(read_questions(SHOP, "again"))


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ('right = "d"', "expected one of a, b, c, got 'd'"),
        ('right = "c"', "there is a hint for the right answer, 'c'"),
        ("right = 2", "right: expected text, got 2"),
        ("", "right: missing"),
    ],
)
def test_a_question_that_nobody_can_answer_is_refused_by_name(field: str, told: str) -> None:
    with pytest.raises(AssignmentError) as refused:
        read_questions(SHOP.replace('right = "b"', field), "questions.toml")
    assert str(refused.value) == f"questions.toml: bread: {told}"


ASKED = QUESTIONS["eggs"].markdown


def notebook(*cells: str) -> nbformat.NotebookNode:
    """Cells of text, and cells of code where they call something."""
    made = nbformat.v4.new_notebook()
    for cell in cells:
        new = nbformat.v4.new_code_cell if "predict(" in cell else nbformat.v4.new_markdown_cell
        made.cells.append(new(cell))
    return made


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ((ASKED, 'predict("egs", ...)'), "'egs', which questions.toml has not"),
        (('predict("eggs", ...)', ASKED), "no text shows the question 'eggs' before"),
        ((ASKED, 'predict("eggs", 3.6)'), "holds an answer, 3.6; write ..."),
        ((ASKED,), "'eggs': one cell takes an answer to each question, here 0"),
        ((ASKED, ASKED, 'predict("eggs", ...)'), "one text shows each question, here 2"),
    ],
)
def test_a_lesson_that_does_not_ask_or_answers_itself_is_refused(
    cells: tuple[str, ...], told: str
) -> None:
    eggs = {"eggs": QUESTIONS["eggs"]}
    check_asked(notebook(f"Think.\n\n{ASKED}", 'predict("eggs", ...)'), eggs)
    with pytest.raises(ReleaseRefused, match=told):
        check_asked(notebook(*cells), eggs)


def test_an_answer_that_is_no_python_does_not_stop_run_all() -> None:
    cells = [cell for cell in Assignment("seq2seq").source.cells if "predict(" in cell.source]
    taking = [cell for cell in cells if cell.cell_type == "code" and "..." in cell.source]
    assert len(taking) == len(Assignment("seq2seq").questions)
    assert all(cell.metadata.tags == ["raises-exception"] for cell in taking)


def test_a_hint_that_holds_a_line_of_the_solution_is_refused() -> None:
    line = "total = sum(price * number for price, number in basket)"
    source = notebook("Task")
    source.cells.append(nbformat.v4.new_code_cell(f"### BEGIN SOLUTION\n{line}  # all of it\n"))
    source.cells[-1].metadata["nbgrader"] = {"solution": True}
    check_leaks(source, notebook("Add up price times number."), [], {"'eggs'": "Add up."})
    with pytest.raises(ReleaseRefused, match="stands in the notebook's text: 'total = "):
        check_leaks(source, notebook(f"3. Write `{line}`."), [])
    words = {"what is said of 'eggs'": f"Write\n{line.replace(' for', '   for')}, then"}
    with pytest.raises(ReleaseRefused, match="stands in what is said of 'eggs'"):
        check_leaks(source, notebook("Think."), [], words)


def test_the_notebook_shows_the_reply_and_goes_on(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small")
    (folder / "checks" / "small" / FILE).write_text(as_handed_out(QUESTIONS))
    done = in_ipython(folder, 'from checks import predict\npredict("eggs", 3.6)', "predict('eggs')")
    assert "✓ Right. Twelve times 0.30." in done.stdout
    done = in_ipython(folder, 'from checks import predict\npredict("eggs", ...)', "print('on')")
    assert "three dots" in done.stdout
    assert "on" in done.stdout
    script = 'from checks import predict\nprint(predict("bread", "a"))'
    assert in_python(folder, script, encoding="ascii").stdout == "x Not yet. Look at the shelf.\n"


def test_without_its_folder_a_question_says_so(tmp_path: Path) -> None:
    assert reply("eggs", 1, tmp_path).text.startswith("? The questions are not here")


@pytest.mark.parametrize("name", declared_assignments())
def test_each_answer_that_an_author_foresaw_gets_its_own_words(name: str, tmp_path: Path) -> None:
    questions = Assignment(name).questions
    (tmp_path / FILE).write_text(as_handed_out(questions))
    for key, question in questions.items():
        told = reply(key, question.right, tmp_path)
        assert (told.right, told.words) == (True, question.because)
        for answer in question.choices:
            if answer != question.right:
                told = reply(key, answer, tmp_path)
                assert told.right is False
                assert told.words == question.hints.get(answer, question.hint)
        for answer, hint in question.hints.items():
            assert reply(key, answer, tmp_path).words == hint
        assert question.because not in (question.hint, *question.hints.values())
