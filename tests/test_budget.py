"""What the judge does with a student's bytes has an end, and a cheap one."""

from __future__ import annotations

import base64
import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from autograder.errors import Unreadable
from autograder.notebook import budget, reader
from autograder.notebook.budget import Room, Spent, processor_limit
from autograder.notebook.lesson import grade_id
from autograder.notebook.reader import MAX_ENTRIES, parse, read_submission
from autograder.notebook.repair import Submission, repair
from autograder.notebook.rewriting import _without_lines_of_its_own, affordable

from .notebooks import code_cell, handed_in, small_release

SECONDS = 2.0  # of a processor: what each of these takes at most, where it took a minute and more
LONG = 99_000  # characters: a cell is cut off after 100,000


def read(*cells: Any, attachments: object = None) -> Submission:
    """The small release, solved, with more cells behind it, as read from a file."""
    notebook = handed_in()
    notebook.cells[5]["attachments"] = attachments or {}
    tree = json.loads(json.dumps(notebook))
    tree["cells"] += cells
    return repair(parse(json.dumps(tree).encode()), small_release())


def filled(unit: str, before: str = "") -> str:
    """A cell of one line, again and again."""
    return before + unit * ((LONG - len(before)) // len(unit))


@pytest.mark.parametrize(
    "code",
    [
        filled(",x\n", "%x\n"),
        filled(";x\n", "x?\n"),
        filled("a = 1\n", "%x\n" * 99),
        filled("(,", "!x\n" * 50),
        filled(">>> ,x\n"),
        filled("In [1]: /x\n"),
        filled("a.b", "%x\n")[:-1] + "?",
        "x?\n(" + filled("a*")[:-100] + "\n)?\n",
    ],
    ids=lambda code: repr(code[:12]),
)
def test_lines_of_ipythons_own_cost_little_however_many(code: str) -> None:
    before = time.process_time()
    submission = read(code_cell(code), code_cell(code))
    assert time.process_time() - before < SECONDS
    assert any("lines of IPython's own" in finding for finding in submission.findings)
    assert [cell.code for cell in submission.cells if cell.label == "twice"] == [
        "def twice(x):\n    return 2 * x"
    ]
    assert submission.notebook.cells[-1].source == code  # what is shown is what was written


class Counting(TransformerManager):
    """Counts how often a cell is read anew."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def do_one_token_transform(self, lines: list[str]) -> tuple[bool, list[str]]:
        """Count, and do it."""
        changed, lines = super().do_one_token_transform(lines)
        self.times += changed
        return changed, lines


SIGNS = st.sampled_from(
    ["%", "!", "?", ",", ";", "/", "=", " ", "\t", "\f", "\n", "\\\n", "(", ")"]
)
PARTS = SIGNS | st.sampled_from(
    [">>> ", "... ", "In [1]: ", "...: ", "a", "1", "'", '"""', "#", "\x1c"]
)


@pytest.mark.filterwarnings("ignore")  # IPython's, of lines that end otherwise
@given(st.lists(PARTS, max_size=25).map("".join))
@example("a = \\\n%x")
@example(">>> a\n>>> ,x")
@example("a =\u00a0!x")
def test_nothing_is_left_that_ipython_would_rewrite(code: str) -> None:
    manager = Counting()
    try:
        manager.transform_cell(_without_lines_of_its_own(code))
    except SyntaxError:
        return
    assert manager.times == 0


def test_honest_magics_are_left_to_ipython() -> None:
    lesson = "%matplotlib inline\n!pip install tqdm\n" + "x = [1, 2, 3]  # why?\n" * 100
    cells = [code_cell(lesson) for _ in range(20)]
    given_to_it, changed = affordable(cells)
    assert changed == []
    assert [cell["source"] for cell in given_to_it] == [lesson] * 20


def test_all_cells_together_have_a_limit() -> None:
    submission = read(*[code_cell(filled("#")) for _ in range(30)])
    sources = [cell.source for cell in submission.notebook.cells]
    assert sum(map(len, sources)) <= Room().sources + len(str(small_release()))
    told = [finding for finding in submission.findings if "longer than what is read" in finding]
    assert len(told) == 1


def test_many_long_cells_are_told_once() -> None:
    submission = read(*[code_cell("#" * 100_001) for _ in range(5)])
    assert len([f for f in submission.findings if "longer than 100000" in f]) == 1


def test_many_unknown_ids_are_told_shortly() -> None:
    cells = [code_cell(f"x = {number}") for number in range(500)]
    for number, cell in enumerate(cells):
        cell["id"] = f"own-{number}"
        cell["metadata"]["nbgrader"] = {"grade_id": f"unknown_{number}"}
    findings = read(*cells).findings
    assert len(findings) == 4
    assert "497 more cells carry unknown ids" in findings[-1]


def picture(size: int = 100, pixels: int = 10_000) -> str:
    """What looks like a PNG of this size in bytes."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", pixels // 100, 100)
    return base64.b64encode(head.ljust(size, b"\0")).decode()


def text_with(source: str, name: str = "") -> dict[str, Any]:
    """A cell of text, with a picture attached if it has a name."""
    attachments = {name: {"image/png": picture(1_500_000)}} if name else {}
    cell = {"cell_type": "markdown", "id": "x", "metadata": {}, "source": source}
    return {**cell, "attachments": attachments}


def test_a_picture_that_is_shown_a_thousand_times_is_held_once() -> None:
    shown = "![a](attachment:a)" * 5_000
    cell = read(text_with(shown, "a")).notebook.cells[-1]
    assert cell.source == shown
    assert list(cell.attachments) == ["a"]


def test_a_picture_in_the_text_is_attached_to_it_and_not_cut_off() -> None:
    data = picture(300_000)
    submission = read(text_with(f"![a](data:image/png;base64,{data})\n\nMy answer."))
    cell = submission.notebook.cells[-1]
    assert cell.source == "![a](attachment:in-the-text-0.png)\n\nMy answer."
    assert cell.attachments == {"in-the-text-0.png": {"image/png": data}}
    assert submission.findings == ()


def test_pictures_attached_to_an_answer_stay_with_it() -> None:
    notebook = handed_in()
    notebook.cells[5].source = "![a](attachment:a.png)"
    notebook.cells[5]["attachments"] = {"a.png": {"image/png": picture()}, "b": {}}
    submission = repair(parse(json.dumps(notebook).encode()), small_release())
    (answer,) = (c for c in submission.notebook.cells if grade_id(c) == "answer")
    assert answer.attachments == {"a.png": {"image/png": picture()}}


def test_pictures_together_have_a_limit() -> None:
    plot = {"output_type": "display_data", "metadata": {}}
    large = [{**plot, "data": {"image/png": picture(90 + n, 9_000_000)}} for n in range(20)]
    cell = {**code_cell("plot()"), "outputs": large}
    submission = read(cell)
    shown = submission.notebook.cells[-1].outputs
    assert 0 < len(shown) * 9_000_000 <= Room().pixels
    assert any("pictures together" in finding for finding in submission.findings)


@pytest.mark.parametrize("unit", ["{}", "[]", "1e1"])
def test_millions_of_empty_cells_are_refused_and_told(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "many.ipynb"
    path.write_text('{"cells":[' + f"{unit}," * (20 * MAX_ENTRIES) + "{}]}")
    before = time.process_time()
    submission = read_submission(path, small_release())
    assert time.process_time() - before < SECONDS
    assert f"more than {MAX_ENTRIES}" in submission.findings[0]


def test_lists_beyond_all_measure_are_refused_before_they_are_made() -> None:
    with pytest.raises(Unreadable, match="far too many parts"):
        parse(b'{"cells":[' + b"[[[]]]," * 1_100_000 + b"{}]}")


def spin(*_: object) -> None:
    """What never ends, and lets nobody else end it either."""
    while True:
        try:
            sum(range(1_000))
        except Exception:
            continue


def test_whoever_takes_too_long_to_read_is_told_so_and_counts_as_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "READING_SECONDS", 0.2)
    monkeypatch.setattr(reader, "notebook_of", spin)
    path = tmp_path / "slow.ipynb"
    path.write_text(json.dumps(handed_in()))
    submission = read_submission(path, small_release())
    assert "takes more than 0.2 seconds" in submission.findings[0]
    assert submission.notebook == repair(small_release(), small_release()).notebook


def test_who_catches_the_end_of_the_time_meets_it_again() -> None:
    met = 0
    with processor_limit(0.05):
        while met < 3:
            try:
                spin()
            except Spent:
                met += 1
    assert met == 3


def test_waiting_is_not_computing_and_nothing_rings_afterwards() -> None:
    with processor_limit(0.1):
        time.sleep(0.3)
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
