"""Damaged notebooks are graded as far as possible, and say what was found."""

from __future__ import annotations

import base64
import copy
import json
import os
import struct
import time
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode

from autograder.errors import Unreadable
from autograder.files import MAX_BYTES, read_regular
from autograder.notebook.budget import Room
from autograder.notebook.lesson import grade_id
from autograder.notebook.outputs import harmless
from autograder.notebook.reader import parse, read_submission
from autograder.notebook.repair import Submission, repair
from autograder.text import without_controls
from checks.program import Cell

from .notebooks import STUB, code_cell, handed_in, small_release


def submitted(notebook: NotebookNode) -> Submission:
    """As read from a file."""
    return repair(parse(nbformat.writes(notebook).encode()), small_release())


def code_of(submission: Submission, label: str) -> Cell | None:
    return next((cell for cell in submission.cells if cell.label == label), None)


def test_an_honest_notebook_is_taken_as_it_is() -> None:
    submission = submitted(handed_in())
    assert submission.findings == ()
    assert [cell.label for cell in submission.cells] == ["setup", "twice", "number 5"]
    assert submission.cells[1] == Cell("twice", "def twice(x):\n    return 2 * x")


def test_experiments_do_not_run_when_graded() -> None:
    experiment = code_of(submitted(handed_in()), "number 5")
    assert experiment is not None
    assert not experiment.whole


def test_points_and_test_cells_come_from_the_release() -> None:
    notebook = handed_in()
    notebook.cells[3].source = "raise SystemExit"
    notebook.cells[3].metadata["nbgrader"]["points"] = 999
    repaired = submitted(notebook).notebook
    assert repaired.cells[3].source == 'check("twice", globals())'
    assert repaired.cells[3].metadata["nbgrader"]["points"] == 5


@pytest.mark.parametrize("index", range(6))
def test_a_deleted_cell_is_put_back(index: int) -> None:
    notebook = handed_in()
    del notebook.cells[index]
    repaired = submitted(notebook).notebook
    assert [c.source for c in repaired.cells if grade_id(c) != "twice"] == [
        c.source for c in small_release().cells if grade_id(c) != "twice"
    ]


def test_an_answer_in_a_cell_of_its_own_counts_though_the_stub_is_gone() -> None:
    notebook = handed_in()
    code = notebook.cells[2].source
    notebook.cells[2] = code_cell(code)
    submission = submitted(notebook)
    assert submission.cells[-2].code == code
    assert any("the ids of `twice` are gone" in finding for finding in submission.findings)


def test_an_untouched_stub_does_not_overrule_an_answer_before_it() -> None:
    notebook = copy.deepcopy(small_release())
    notebook.cells.insert(2, code_cell("def twice(x):\n    return x + x"))
    labels = [cell.label for cell in submitted(notebook).cells]
    assert labels.index("twice") < labels.index("number 3")


def test_of_duplicates_the_last_one_worked_on_counts() -> None:
    notebook = handed_in()
    first = copy.deepcopy(notebook.cells[2])
    first.source, first["id"] = STUB, "pasted"
    notebook.cells.append(first)
    submission = submitted(notebook)
    cell = code_of(submission, "twice")
    assert cell is not None
    assert "return 2 * x" in cell.code
    assert any("appears 2 times" in finding for finding in submission.findings)


def test_reordered_cells_are_put_in_order() -> None:
    notebook = handed_in()
    notebook.cells.reverse()
    assert [c.label for c in submitted(notebook).cells][:2] == ["setup", "twice"]


def test_a_retyped_task_cell_is_read_as_code() -> None:
    notebook = handed_in()
    notebook.cells[2] = nbformat.v4.new_markdown_cell(
        notebook.cells[2].source, metadata=notebook.cells[2].metadata
    )
    submission = submitted(notebook)
    cell = code_of(submission, "twice")
    assert cell is not None
    assert "return 2 * x" in cell.code
    assert any("turned into" in finding for finding in submission.findings)


def test_a_renamed_cell_is_found_by_what_it_defines() -> None:
    notebook = handed_in()
    notebook.cells[2].metadata["nbgrader"]["grade_id"] = "my_twice"
    submission = submitted(notebook)
    assert code_of(submission, "twice") == code_of(submitted(handed_in()), "twice")
    assert any("the ids of `twice` are gone" in finding for finding in submission.findings)


def test_a_cell_of_an_unknown_id_that_is_no_answer_is_the_students_own() -> None:
    notebook = handed_in()
    notebook.cells.insert(3, copy.deepcopy(notebook.cells[2]))
    notebook.cells[3].metadata["nbgrader"]["grade_id"] = "my_twice"
    notebook.cells[3]["id"] = "elsewhere"
    submission = submitted(notebook)
    assert [cell.whole for cell in submission.cells if "2 * x" in cell.code] == [True, False]
    assert any("my_twice" in finding for finding in submission.findings)


def test_another_kernel_makes_no_difference() -> None:
    notebook = handed_in()
    notebook.metadata["kernelspec"] = {"name": "julia", "display_name": "J", "language": "julia"}
    assert submitted(notebook).cells == submitted(handed_in()).cells


def test_magics_do_not_break_an_answer() -> None:
    submission = submitted(handed_in("%%time\n%matplotlib inline\ndef twice(x):\n    return 2 * x"))
    cell = code_of(submission, "twice")
    assert cell is not None
    compile(cell.code, "cell", "exec")
    assert "return 2 * x" in cell.code


def test_empty_cells_do_not_count(tmp_path: Path) -> None:
    notebook = handed_in("def twice(x):\n    return 2 * x")
    notebook.cells += [code_cell("") for _ in range(2_000)]
    assert code_of(submitted(notebook), "twice") == code_of(
        submitted(handed_in("def twice(x):\n    return 2 * x")), "twice"
    )


def test_a_given_text_that_was_turned_into_code_is_a_cell_of_ones_own() -> None:
    notebook = handed_in()
    (given,) = (c for c in notebook.cells if c.cell_type == "markdown" and not grade_id(c))
    place = notebook.cells.index(given)
    notebook.cells[place] = code_cell("def helper(): pass")
    notebook.cells[place]["id"] = given.id
    sources = [cell.code for cell in submitted(notebook).cells]
    assert "def helper(): pass" in sources


def picture(width: int, height: int) -> str:
    """The beginning of a PNG of this size, as notebooks hold it."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return base64.b64encode(head).decode()


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31, 2), (0, 10)])
def test_a_picture_that_unfolds_to_gigabytes_is_left_out(size: tuple[int, int]) -> None:
    data = {"image/png": picture(*size), "text/plain": "a figure"}
    (kept,) = harmless([nbformat.v4.new_output("display_data", data)], Room())
    assert dict(kept.data) == {"text/plain": "a figure"}


def test_plots_stay_and_scripts_go() -> None:
    notebook = handed_in()
    plot = picture(640, 480)
    notebook.cells[4].outputs = [
        nbformat.v4.new_output("display_data", {"image/png": plot, "text/html": "<script>"}),
        nbformat.v4.new_output("display_data", {"text/html": "<script>alert(1)</script>"}),
        nbformat.v4.new_output("display_data", {"image/png": "bm90IGEgcGxvdA=="}),
        nbformat.v4.new_output("stream", name="stderr", text="\x1b[31mred\u202e"),
    ]
    outputs = submitted(notebook).notebook.cells[4].outputs
    assert [dict(o.get("data", {})) for o in outputs] == [{"image/png": plot}, {}]
    assert outputs[1].text == "red"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"cells": [],}', "not valid JSON at line 1"),
        (b'{"cells": [', "breaks off"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[1, 2]", "no list of cells"),
        (b'{"worksheets": 1}', "no list of cells"),
        (b"[" * 100_000, "JSON"),
        (b'{"cells": ' + b"1" * 5000 + b"}", "JSON"),
    ],
)
def test_an_unreadable_notebook_says_why(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        parse(data)


def test_an_unreadable_notebook_counts_as_untouched(tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_bytes(nbformat.writes(handed_in()).encode()[:300])
    submission = read_submission(path, small_release())
    cell = code_of(submission, "twice")
    assert cell is not None
    assert "raise NotImplementedError" in cell.code
    assert "could not be read" in submission.findings[0]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large"])
def test_only_regular_files_of_sane_size_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "seq2seq.ipynb"
    if kind == "link":
        (tmp_path / "secret").write_text(nbformat.writes(handed_in()))
        path.symlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(MAX_BYTES + 1)
    submission = read_submission(path, small_release())
    assert len(submission.findings) == 1
    assert code_of(submission, "twice") == Cell("twice", STUB)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["cells", "source", "metadata", "nbgrader", "grade_id", "id"])
                | st.sampled_from(["cell_type", "outputs", "data", "text", "image/png"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=30,
    )
)
def test_no_json_tree_breaks_the_reader(tree: object) -> None:
    text = json.dumps({"cells": [tree, {"cell_type": "code", "source": tree, "outputs": tree}]})
    try:
        submission = repair(parse(text.encode()), small_release())
    except Unreadable:
        return
    nbformat.validate(submission.notebook)


def test_controls_are_removed_from_text() -> None:
    assert without_controls("a\x1b[2Jb\u202ec\u200bd\x07e\nf") == "abcde\nf"


def test_repairing_changes_neither_notebook() -> None:
    student, release = handed_in(), small_release()
    before = copy.deepcopy((student, release))
    repair(student, release)
    assert (student, release) == before


def test_a_second_name_of_a_file_is_refused_and_the_first_is_not(tmp_path: Path) -> None:
    hers, his = tmp_path / "hers" / "seq2seq.ipynb", tmp_path / "his" / "seq2seq.ipynb"
    for path in (hers, his):
        path.parent.mkdir()
    hers.write_text("her notebook")
    time.sleep(0.05)  # longer than the grain of file times
    os.link(hers, his)
    assert read_regular(hers) == b"her notebook"
    with pytest.raises(Unreadable, match="second name"):
        read_regular(his)
