"""Refuses a lesson with markers or points amiss, and a release in which a solution survives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from nbformat import NotebookNode

from autograder.errors import ReleaseRefused
from autograder.notebook.lesson import grade_id, is_solution

from .stated import disagreements

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SCHEME_BEGIN, SCHEME_END = "=== BEGIN MARK SCHEME ===", "=== END MARK SCHEME ==="
REGIONS = {BEGIN: END, SCHEME_BEGIN: SCHEME_END}
# whatever looks meant as a marker; nbgrader would release the answer behind a misspelt one
LIKE_A_MARKER = re.compile(r"^\s*(#{2,}|={3,}|#)\s*(BEGIN|END|BEGN|BEGGIN)\b.*", re.IGNORECASE)
COMMENT = re.compile(r"\s+#.*")
NO_WORDS: Mapping[str, str] = MappingProxyType({})
TELLING_LINE = 12  # characters; a shorter line, `return loss`, may well stand elsewhere
TELLING_LINE_IN_FILES = 30  # characters; supporting code may use the same idioms


def check_markers(notebook: NotebookNode) -> None:
    """Refuse a lesson with a misspelt, unbalanced or misplaced marker.

    Raises:
        ReleaseRefused: naming the cell and the line.
    """
    for index, cell in enumerate(notebook.cells):
        name = grade_id(cell) or f"number {index}"
        waiting_for = ""
        for number, line in enumerate(cell.source.splitlines(), 1):
            where = f"cell {name!r}, line {number}: {line.strip()!r}"
            text = line.strip()
            if text in REGIONS and not waiting_for:
                if not is_solution(cell):
                    raise ReleaseRefused(f"{where} opens a region in a cell not marked solution")
                waiting_for = REGIONS[text]
            elif text and text == waiting_for:
                waiting_for = ""
            elif text in REGIONS or text in REGIONS.values():
                raise ReleaseRefused(f"{where} does not match the marker before it")
            elif LIKE_A_MARKER.match(line):
                meant = get_close_matches(text, [*REGIONS, *REGIONS.values()], 1, 0)[0]
                raise ReleaseRefused(f"{where} looks like a misspelt marker; use {meant!r}")
        if waiting_for:
            raise ReleaseRefused(f"cell {name!r}: {waiting_for!r} is missing")


def check_points(notebook: NotebookNode) -> None:
    """Refuse a lesson whose text states other points than its cells hold.

    Raises:
        ReleaseRefused: naming the task and both numbers.
    """
    found = list(disagreements(notebook))
    if found:
        raise ReleaseRefused("; ".join(found))


def solution_lines(notebook: NotebookNode) -> set[str]:
    """The lines that stand between markers and nowhere else: what must not survive."""
    inside: set[str] = set()
    outside: set[str] = set()
    for cell in notebook.cells:
        waiting_for = ""
        for line in map(str.strip, cell.source.splitlines()):
            if line in REGIONS:
                waiting_for = REGIONS[line]
            elif line == waiting_for:
                waiting_for = ""
            elif len(line) >= TELLING_LINE:
                (inside if waiting_for else outside).add(line)
    return inside - outside


def check_leaks(
    solution: NotebookNode,
    released: NotebookNode,
    files: Iterable[Path],
    words: Mapping[str, str] = NO_WORDS,
) -> None:
    """Refuse a release in which a line of the solution survives, in the notebook or beside it.

    Text that is read, such as a hint, may not hold one within a line either.

    Args:
        words: what else students will read, by where it stands.

    Raises:
        ReleaseRefused: naming the file and the line.
    """
    secret = solution_lines(solution)
    _check_prose(secret, released, words)
    texts = [("the notebook", "\n".join(cell.source for cell in released.cells), TELLING_LINE)]
    for path in files:
        if path.suffix != ".ipynb":
            texts.append(
                (
                    path.name,
                    path.read_text(encoding="utf-8", errors="replace"),
                    TELLING_LINE_IN_FILES,
                )
            )
    for name, text, telling in texts:
        survivors = secret & {s for s in map(str.strip, text.splitlines()) if len(s) >= telling}
        if survivors:
            raise ReleaseRefused(f"a line of the solution survives in {name}: {min(survivors)!r}")


def _check_prose(secret: set[str], released: NotebookNode, words: Mapping[str, str]) -> None:
    """Refuse a line of the solution that stands in the midst of text, without its comment."""
    code = {" ".join(COMMENT.sub("", line).split()) for line in secret}
    texts = [("the notebook's text", c.source) for c in released.cells if c.cell_type == "markdown"]
    for name, text in (*texts, *words.items()):
        read = " ".join(text.split())
        survivors = [one for one in code if len(one) >= TELLING_LINE_IN_FILES and one in read]
        if survivors:
            raise ReleaseRefused(f"a line of the solution stands in {name}: {min(survivors)!r}")
