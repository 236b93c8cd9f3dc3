"""Keeps IPython's rewriting of cells cheap: it reads a cell anew for every line of its own in it.

A cell of honest size is rewritten as it is on its student's machine. Of one that would keep the
judge busy for minutes, the lines that IPython could take for its own are replaced before. What is
counted are characters, not seconds, so that a mark is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from checks.cells import MAGIC, MAX_MAGICS, PASTED

MAX_WORK = 500_000  # characters that IPython reads, of all cells together: two seconds
# it looks for the name before a "?" from every place of a line, for 10 ns each; a token takes 4 µs
SEARCHED = 400
ITS_SIGNS = ("!", "%", "?", ",", ";", "/")
PROMPTS = " \t\f\v.:>[]In0123456789"  # what stands before a line that was pasted
ASSIGNED = re.compile(r"=\s*[!%]")


def affordable(cells: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The cells as IPython shall get them, and which of them had to be changed for that."""
    left, changed = MAX_WORK, list[str]()
    given = []
    for index, cell in enumerate(cells, 1):
        work = _work(cell["source"]) if cell["cell_type"] == "code" else 0
        if work > left:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            changed.append(f"cell `{name}`" if name else f"cell number {index}")
            cell = {**cell, "source": _without_lines_of_its_own(cell["source"])}
        else:
            left -= work
        given.append(cell)
    return given, changed


def _work(code: str) -> int:
    """At most so many characters are read to rewrite a cell; 0 where IPython is not asked."""
    magics = len(MAGIC.findall(code))
    if magics > MAX_MAGICS or not (magics or PASTED.match(code)):
        return 0
    lines = code.splitlines()
    own = sum(map(_is_its_own, lines))
    searched = max(map(len, lines)) * len(code) // SEARCHED if "?" in code else 0
    return (1 + own) * len(code) + searched


def _is_its_own(line: str) -> bool:
    """Whether IPython could take a line for its own; it does so with fewer."""
    return (
        "?" in line
        or line.lstrip().lstrip(PROMPTS).startswith(ITS_SIGNS)
        or ASSIGNED.search(line) is not None
    )


def _without_lines_of_its_own(code: str) -> str:
    """Code with as many lines, none of which IPython rewrites."""
    return "\n".join(map(_spared, code.splitlines()))


def _spared(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass" if _is_its_own(line) else line
