"""The catalogue of attacks: what each aims at, and how it is handed in.

An entry of the families forging, stealing and harming is code that replaces the code of one cell in
an otherwise untouched release. An entry of damaging and showing defines
`attack(folder, release, marker)`, which writes the submitted folder. The first lines say:

    # aim: <what the attacker hopes to gain>
    # cell: <the cell it replaces; default encoder>
    # pays: <what a back end without protection gives away: one of `GAINS`>
    # honest: <share of the task's points that honest grading gives; default 0>
    # never: <text that must reach no reader unescaped; only in showing, any number>
    # apart: <text that stands on no page but in a frame of what was handed in; only in showing>
    # gap: <why the grader does not prevent it: told in docs/protection.md>
"""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.notebook.lesson import grade_id

FOLDER = Path(__file__).resolve().parent
CELLS = ("forging", "stealing", "harming")  # families whose entries are the code of one cell
FILES = ("damaging", "showing")  # families whose entries write a whole submitted folder
GAINS = ("mark", "shown", "file", "process", "neighbour", "time", "crash")
ASSIGNMENT = "seq2seq"  # which the entries are written against
NOTEBOOK = f"{ASSIGNMENT}.ipynb"


@dataclass(frozen=True)
class Places:
    """What stands for the placeholders of an entry."""

    marker: str  # a word that occurs nowhere else
    secret_file: str
    gradebook: str
    neighbour: str  # another's notebook
    repository: str
    results: str  # where this submission's results are written

    def fill(self, text: str) -> str:
        """The text with `@MARKER@` and the others replaced."""
        for name, value in asdict(self).items():
            text = text.replace(f"@{name.upper()}@", value)
        return text


@dataclass(frozen=True)
class Entry:
    """One attack."""

    family: str
    name: str
    text: str

    @property
    def id(self) -> str:
        """Its student's name: the marker may lie only in paths that hold it."""
        return f"{self.family}-{self.name}"

    @property
    def aim(self) -> str:
        """What the attacker hopes to gain."""
        return "".join(self._terms("aim"))

    @property
    def cell(self) -> str:
        """The cell it replaces, which is the task it attacks."""
        return "".join(self._terms("cell")) or "encoder"

    @property
    def pays(self) -> str:
        """What it gains where nothing is protected."""
        return "".join(self._terms("pays"))

    @property
    def honest(self) -> float:
        """The share of the points that honest grading gives."""
        return float("".join(self._terms("honest")) or 0)

    @property
    def gap(self) -> str:
        """Why it is not prevented, "" if it is."""
        return "".join(self._terms("gap"))

    def never(self, marker: str) -> list[str]:
        """What must reach no reader as it is."""
        return self._texts("never", marker)

    def apart(self, marker: str) -> list[str]:
        """What must reach no reader but in a frame of its own."""
        return self._texts("apart", marker)

    def hand_in(self, folder: Path, release: NotebookNode, places: Places) -> None:
        """Write the submitted folder."""
        folder.mkdir(parents=True)
        text = places.fill(self.text)
        if self.family in CELLS:
            nbformat.write(with_cell(release, self.cell, text), folder / NOTEBOOK)
            return
        names: dict[str, object] = {"__name__": self.id}
        exec(compile(text, f"<{self.id}>", "exec"), names)
        attack = names["attack"]
        assert callable(attack)
        attack(folder, copy.deepcopy(release), places.marker)

    def _texts(self, name: str, marker: str) -> list[str]:
        return [
            str(ast.literal_eval('"' + term.replace('"', '\\"') + '"')).replace("@MARKER@", marker)
            for term in self._terms(name)
        ]

    def _terms(self, name: str) -> list[str]:
        return [found.strip() for found in re.findall(rf"^# {name}: (.*)$", self.text, re.M)]


def with_cell(release: NotebookNode, cell: str, code: str) -> NotebookNode:
    """The release with the code of one cell replaced."""
    notebook = copy.deepcopy(release)
    (chosen,) = [found for found in notebook.cells if grade_id(found) == cell]
    chosen.source = code
    return notebook


def entries(*families: str) -> list[Entry]:
    """The entries of some families, or of all, in a fixed order."""
    return [
        Entry(family, path.stem, path.read_text(encoding="utf-8"))
        for family in families or CELLS + FILES
        for path in sorted((FOLDER / family).glob("*.py"))
    ]
