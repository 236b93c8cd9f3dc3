"""A release gives nothing away, and the committed one is what the lesson builds."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader
from traitlets.utils.importstring import import_item

from autograder.assignment import ROOT, Assignment
from autograder.errors import ReleaseRefused
from autograder.files import same_files
from autograder.release.leaks import (
    BEGIN,
    END,
    SCHEME_BEGIN,
    SCHEME_END,
    TELLING_LINE_IN_FILES,
    check_leaks,
    check_markers,
    solution_lines,
)
from autograder.release.source import build_source

ASSIGNMENT = Assignment("seq2seq")
# these two need the gradebook or grade; they add nothing to the notebook
NO_PREPROCESSING = {
    "nbgrader.preprocessors.SaveCells",
    "autograder.desk.plugins.judging.ProveRelease",
}


def notebook(*sources: str, solution: bool = True) -> NotebookNode:
    """Cells named a, b, c ..."""
    made = nbformat.v4.new_notebook()
    for name, source in zip("abcdef", sources, strict=False):
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["nbgrader"] = {"grade_id": name, "solution": solution}
        made.cells.append(cell)
    return made


def region(*lines: str) -> str:
    """Lines between markers."""
    return "\n".join([BEGIN, *lines, END])


@pytest.mark.parametrize(
    "line",
    [
        "### BEGIN SOLUTON",
        "### BEGIN  SOLUTION",
        "### BEGIN SOLUTION:",
        "###BEGIN SOLUTION",
        "## BEGIN SOLUTION",
        "# BEGIN SOLUTION",
        "#### BEGIN SOLUTION",
        "### begin solution",
        "### BEGN SOLUTION",
        "### Begin",
        "### END SOLUTON",
        "    ### END SOLUTION here",
        "=== BEGIN MARK SCHEME",
        "=== BEGIN MARK SCHEMA ===",
        "### BEGIN HIDDEN TESTS",
    ],
)
def test_a_misspelt_marker_is_refused_by_cell_and_line(line: str) -> None:
    with pytest.raises(ReleaseRefused, match=r"'b', line 2") as caught:
        check_markers(notebook("x = 1", f"x = 1\n{line}\nx = 2", solution=False))
    assert line.strip() in str(caught.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"{BEGIN}\nx = 1", f"'{END}' is missing"),
        (f"x = 1\n{END}", "does not match the marker before it"),
        (f"{END}\nx = 1\n{BEGIN}", "does not match the marker before it"),
        (f"{BEGIN}\n{BEGIN}\nx = 1\n{END}\n{END}", "does not match the marker before it"),
        (f"{BEGIN}\nx = 1\n{SCHEME_END}", "does not match the marker before it"),
        (f"{SCHEME_BEGIN}\nwords\n{END}", "does not match the marker before it"),
        (f"{BEGIN}\n{SCHEME_BEGIN}\nx\n{SCHEME_END}\n{END}", "does not match"),
    ],
)
def test_unbalanced_and_nested_markers_are_refused(source: str, words: str) -> None:
    with pytest.raises(ReleaseRefused, match=re.escape(words)):
        check_markers(notebook(source))


def test_a_region_does_not_reach_into_the_next_cell() -> None:
    with pytest.raises(ReleaseRefused, match="cell 'a'"):
        check_markers(notebook(f"{BEGIN}\nx = 1", f"x = 2\n{END}"))


def test_a_region_in_a_cell_that_is_not_a_solution_is_refused() -> None:
    with pytest.raises(ReleaseRefused, match="cell not marked solution"):
        check_markers(notebook(region("x = 1"), solution=False))


LINES = {
    "B": BEGIN,
    "E": f"    {END}  ",
    "b": SCHEME_BEGIN,
    "e": SCHEME_END,
    "c": "x = 1  # at the beginning",
    "m": "### BEGIN SOLUTOIN",
}


@given(st.lists(st.sampled_from(sorted(LINES)), max_size=8).map("".join))
def test_exactly_the_balanced_cells_are_accepted(letters: str) -> None:
    made = notebook("\n".join(LINES[letter] for letter in letters))
    if re.fullmatch(r"(c|Bc*E|bc*e)*", letters):
        check_markers(made)
    else:
        with pytest.raises(ReleaseRefused):
            check_markers(made)


def test_lines_of_a_solution_are_those_that_stand_nowhere_else() -> None:
    source = notebook(
        "import torch  # given to all\n"
        + region("import torch  # given to all", "    h = x[-1] * 2"),
        region("short = 1", "y = torch.stack(states)"),
    )
    assert solution_lines(source) == {"h = x[-1] * 2", "y = torch.stack(states)"}


SECRET = "states = torch.stack([step(x) for x in source])"


def test_a_line_that_survives_in_the_notebook_is_refused() -> None:
    source = notebook(region(SECRET), "y = 1")
    with pytest.raises(ReleaseRefused, match=r"survives in the notebook: 'states = "):
        check_leaks(source, notebook("raise NotImplementedError", f"if y:\n        {SECRET}"), [])


@pytest.mark.parametrize("name", ["training.py", "README.md", "data/notes.txt"])
def test_a_line_that_survives_in_a_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(f"\xff\n    {SECRET}\n".encode("latin-1"))
    clean = notebook("raise NotImplementedError")
    with pytest.raises(ReleaseRefused, match=re.escape(path.name)):
        check_leaks(notebook(region(SECRET)), clean, [path])


def test_a_clean_release_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "training.py"
    path.write_text("optimizer.zero_grad()\n")
    source = notebook(region(SECRET, "optimizer.zero_grad()"))
    check_leaks(source, notebook("raise NotImplementedError"), [path])


def test_a_lesson_gives_the_same_bytes_each_time() -> None:
    first, second = (nbformat.writes(Assignment(ASSIGNMENT.name).source) for _ in range(2))
    assert first == second


def test_every_cell_of_the_lesson_has_an_id_of_its_own() -> None:
    ids = [cell.id for cell in ASSIGNMENT.source.cells]
    assert len(ids) == len(set(ids))
    nbformat.validate(ASSIGNMENT.source)


def test_the_lessons_markers_are_in_order() -> None:
    check_markers(ASSIGNMENT.source)


# what is committed in assignments/


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder nbgrader would release from, built afresh."""
    return build_source(ASSIGNMENT, tmp_path_factory.mktemp("source"))


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder by their names; students' caches do not count."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def released() -> dict[str, bytes]:
    """The committed release, file by file."""
    found = files_in(ASSIGNMENT.release)
    assert found, f"{ASSIGNMENT.release} is empty; build it with `make release`"
    return found


def test_the_source_folder_holds_no_solution(built: Path) -> None:
    """Of the lesson there is the notebook alone, which nbgrader clears."""
    assert not list(built.rglob(ASSIGNMENT.lesson.name))
    texts = [path for path in built.rglob("*") if path.is_file()]
    check_leaks(ASSIGNMENT.source, notebook(), texts)


def test_the_public_checks_stand_by_themselves(built: Path) -> None:
    secret = {line for line in solution_lines(ASSIGNMENT.source) if len(line) >= 30}
    for path in sorted((built / "checks").rglob("*.py")):
        text = path.read_text()
        assert "autograder" not in text, path.name
        assert not secret & set(map(str.strip, text.splitlines())), path.name


def test_two_builds_of_the_source_are_equal(built: Path, tmp_path: Path) -> None:
    assert same_files(built, build_source(ASSIGNMENT, tmp_path))


def test_committed_files_are_those_that_the_source_builds(
    built: Path, released: dict[str, bytes]
) -> None:
    expected = files_in(built)
    name = f"{ASSIGNMENT.name}.ipynb"
    assert sorted(released) == sorted(expected)
    assert [n for n in expected if n != name and released[n] != expected[n]] == []


def as_released(source: NotebookNode) -> NotebookNode:
    """What nbgrader makes of a notebook, as this repository configures it."""
    config: Config = PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config()
    resources = {"nbgrader": dict.fromkeys(("assignment", "notebook"), ASSIGNMENT.name)}
    for name in config.GenerateAssignment.preprocessors:
        if name not in NO_PREPROCESSING:
            source, resources = import_item(name)(config=config).preprocess(source, resources)
    return source


def test_the_committed_notebook_is_the_lesson_without_its_answers(
    released: dict[str, bytes],
) -> None:
    committed = nbformat.reads(released[f"{ASSIGNMENT.name}.ipynb"].decode(), as_version=4)
    expected = as_released(Assignment(ASSIGNMENT.name).source)
    assert [c.id for c in committed.cells] == [c.id for c in expected.cells]
    for found, wanted in zip(committed.cells, expected.cells, strict=True):
        assert dict(found) == dict(wanted), found.id


def test_the_committed_notebook_holds_no_answer_and_no_output(
    released: dict[str, bytes],
) -> None:
    committed = nbformat.reads(released[f"{ASSIGNMENT.name}.ipynb"].decode(), as_version=4)
    check_leaks(ASSIGNMENT.source, committed, [])
    assert not any(cell.get("outputs") for cell in committed.cells)


def test_nothing_hidden_is_committed_for_students(released: dict[str, bytes]) -> None:
    public = {path.name for path in ASSIGNMENT.checks.rglob("*.py")}
    public |= {path.name for path in (ROOT / "checks").glob("*.py")}
    hidden = list(ASSIGNMENT.suite.rglob("*"))
    names = {path.name for path in hidden if path.is_file()} - public
    assert not names & {Path(name).name for name in released}
    assert not {ASSIGNMENT.lesson.name, ".salt"} & {Path(name).name for name in released}
    for path in hidden:
        text = path.read_bytes() if path.is_file() and path.suffix != ".pyc" else b""
        if len(text) > TELLING_LINE_IN_FILES:
            assert text not in released.values(), path
