"""Submissions alike: found whatever names and comments they have, and rarely by chance."""

from __future__ import annotations

import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from autograder.desk.pages.jinja import environment
from autograder.desk.report.likeness import Likeness, likeness, runs

TASKS = ("encoder", "decoder", "greedy", "beam_search")
OPERATIONS = ("relu", "tanh", "sigmoid", "cumsum", "flip", "norm", "roll", "sort", "exp", "abs")
FORMS = (
    "{0} = torch.{2}({1}, dim={3})",
    "{0} = {1}.{2}({3}) * {4}",
    "for {0} in range({3}):\n        {1} = {0} + torch.{2}({1})",
    "{0} = [torch.{2}({1}) for {1} in batch[{3}:]]",
    "if {1}.size({3}) > {4}:\n        {0} = {1}.{2}()",
    "assert {1}.{2}({3}).shape[0] == {4}, 'shape'",
)
RELEASED = "def solve(batch):\n    # YOUR CODE HERE\n    raise NotImplementedError('not written')"
ALL_WRITE = "    lengths = (batch != 0).sum(dim=1).clamp(min=1).cpu().to(torch.long).tolist()\n"


def written(random: np.random.Generator, lines: int = 12) -> str:
    """A cell as one student writes it alone: what all write, and lines of their own."""
    code = "def solve(batch):\n    x = batch\n" + ALL_WRITE
    for _ in range(lines):
        form = FORMS[random.integers(len(FORMS))]
        operation = OPERATIONS[random.integers(len(OPERATIONS))]
        name = ("x", "y", "z")[random.integers(3)]
        code += "    " + form.format(name, "x", operation, *random.integers(4, size=2)) + "\n"
    return code + "    return x\n"


def disguised(code: str) -> str:
    """The same with other names, comments, a docstring and another layout."""
    for old, new in (("batch", "sentences"), ("x", "hidden"), ("y", "output"), ("z", "memory")):
        code = re.sub(rf"\b{old}\b", new, code)
    first, rest = code.split("\n", 1)
    rest = rest.replace(" = ", "  =  ").replace("\n", "  # my own idea\n\n")
    return f'{first}\n    """All of this is mine."""\n{rest}'


def a_class(number: int, seed: int = 0) -> dict[str, dict[str, str]]:
    """Students who wrote alone."""
    random = np.random.default_rng(seed)
    return {f"s{one:03}": {task: written(random) for task in TASKS} for one in range(number)}


@given(st.integers(0, 10_000))
def test_names_comments_and_layout_make_no_difference(seed: int) -> None:
    code = written(np.random.default_rng(seed))
    assert code != disguised(code)
    assert runs(code).keys() == runs(disguised(code)).keys()


def test_other_code_is_other() -> None:
    one, other = (written(np.random.default_rng(seed)) for seed in (1, 2))
    assert len(runs(one).keys() & runs(other).keys()) < len(runs(one)) / 2


@pytest.mark.parametrize("number", [8, 30, 100])
def test_a_pair_that_is_alike_is_listed_first_and_told_how_rare_that_is(number: int) -> None:
    code = a_class(number)
    code["copy"] = {task: disguised(text) for task, text in code["s003"].items()}
    found = likeness(code, [RELEASED])
    first = found.pairs[0]
    assert {first.left, first.right} == {"s003", "copy"}
    assert first.share > 0.9
    assert first.rate * found.compared < 0.5
    assert [cell.task for cell in first.cells] == sorted(TASKS)


@pytest.mark.long
@pytest.mark.parametrize("number", [8, 30, 100])
def test_in_classes_where_all_wrote_alone_about_as_many_are_listed_as_is_said(number: int) -> None:
    """Fewer than one in a class, on average."""
    listed = [len(likeness(a_class(number, seed), [RELEASED]).pairs) for seed in range(10)]
    assert sum(listed) <= 20


def test_what_the_release_holds_and_what_all_write_is_no_likeness() -> None:
    same = "def solve(batch):\n" + ALL_WRITE * 3
    own = a_class(20)
    released = {name: {"encoder": RELEASED} for name in own}
    assert likeness(released, [RELEASED]).pairs == ()
    assert likeness({name: {"encoder": same} for name in own}, [same]).pairs == ()
    everybody = likeness({n: {**c, "greedy": same} for n, c in own.items()}, [RELEASED])
    assert len(everybody.pairs) < 3


def test_code_that_does_not_parse_is_compared_all_the_same() -> None:
    code = a_class(10)
    broken = {task: text + "    return (x\n" for task, text in code["s001"].items()}
    code["copy"] = {task: text.replace("'shape'", "'size'") for task, text in broken.items()}
    code["s001"] = broken
    first = likeness(code, [RELEASED]).pairs[0]
    assert {first.left, first.right} == {"s001", "copy"}


def test_the_same_class_gives_the_same_list() -> None:
    code = a_class(12)
    code["copy"] = code["s003"]
    assert likeness(code, [RELEASED]) == likeness(code, [RELEASED])


@pytest.mark.parametrize("students", [0, 1])
def test_where_there_is_nobody_to_compare_with_nothing_is_listed(students: int) -> None:
    assert likeness(a_class(students), [RELEASED]).pairs == ()


def page(found: Likeness) -> BeautifulSoup:
    """The page as it is read."""
    text = environment().get_template("alike.html.j2").render(assignment="seq2seq", found=found)
    return BeautifulSoup(text, "html.parser")


def test_the_page_shows_the_two_cells_side_by_side_with_what_they_share_marked() -> None:
    code = a_class(10)
    code["copy"] = {task: disguised(text) for task, text in code["s003"].items()}
    code["copy"]["greedy"] += "\nprint('</pre><script>alert(1)</script>')"
    read = page(likeness(code, [RELEASED]))
    (section, *_) = read.find_all("section")
    left, right = section.find_all("div", class_="both")[0].find_all("pre")
    assert {one.get_text() for one in section.find_all("h4")} == {"s003", "copy"}
    assert "sentences" in left.get_text() + right.get_text()
    assert all(one.find_all("mark") for one in (left, right))
    greedy = section.find_all("div", class_="both")[sorted(TASKS).index("greedy")]
    assert greedy.find("script") is None
    assert "</pre><script>alert(1)" in greedy.get_text()
    assert "accuses nobody" in read.get_text()
    assert "By chance about" in read.get_text()


def test_the_page_needs_nothing_but_itself() -> None:
    code = a_class(6)
    code["copy"] = code["s003"]
    read = page(likeness(code, [RELEASED]))
    assert read.find_all(["script", "link", "img", "iframe"]) == []
    assert all(str(one["href"]).startswith("#") for one in read.find_all("a"))


def test_a_page_without_pairs_says_so() -> None:
    nothing = {student: {"greedy": RELEASED} for student in a_class(5)}
    assert "No pair stands out." in page(likeness(nothing, [RELEASED])).get_text()
