"""Refuses a lesson whose questions are not asked, not taken, or answered already."""

from __future__ import annotations

from collections.abc import Mapping

from nbformat import NotebookNode

from autograder.errors import ReleaseRefused
from autograder.questions import FILE, TAKEN, Question


def check_asked(notebook: NotebookNode, questions: Mapping[str, Question]) -> None:
    """Refuse unless each question is shown, and answered in a cell that comes after it.

    Raises:
        ReleaseRefused: naming the question.
    """
    shown: list[str] = []
    taken: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            shown += [key for key, one in questions.items() if one.markdown in cell.source]
            continue
        for key, answer in TAKEN.findall(cell.source):
            if key not in questions:
                raise ReleaseRefused(f"a cell takes an answer to {key!r}, which {FILE} has not")
            if key not in shown:
                raise ReleaseRefused(f"no text shows the question {key!r} before its cell")
            if answer != "...":
                raise ReleaseRefused(f"the cell of {key!r} holds an answer, {answer}; write ...")
            taken.append(key)
    for key in questions:
        for what, found in (("text shows", shown), ("cell takes an answer to", taken)):
            if found.count(key) != 1:
                raise ReleaseRefused(
                    f"{FILE}: {key!r}: one {what} each question, here {found.count(key)}"
                )
