"""Names everything that a release is made from and proved with.

That is more than what decides a mark: a release is built again, in less than a minute, when a word
of the engine changes, and marks are not.
"""

from __future__ import annotations

from pathlib import Path

from autograder.assignment import ROOT, Assignment, declared_assignments
from autograder.files import own_files
from autograder.judge.fingerprint import deciding_files, files_digest

ROOMS = ("autograder", "checks")  # in which other assignments have folders too
FILES = ("nbgrader_config.py", "constraints.txt")
NO_INPUT = frozenset({"pull"})  # how pull requests are graded changes no release


def inputs_digest(assignment: Assignment) -> str:
    """A digest of everything a release is made from and proved with.

    Raises:
        AssignmentError: what is declared is not in order.
    """
    return files_digest(release_inputs(assignment))


def release_inputs(assignment: Assignment) -> list[Path]:
    """The files that a release is made from and proved with, but not the last release itself.

    Raises:
        AssignmentError: what is declared is not in order.
    """
    others = [other for name in declared_assignments() if (other := Assignment(name)) != assignment]
    not_ours = [folder for other in others for folder in (other.checks, other.suite)]
    folders = [assignment.lesson.parent, *(ROOT / room for room in ROOMS)]
    # a generator uses what lies beside it
    programs = assignment.declared.generate.values()
    folders += [ROOT.joinpath(*module.split(".")[:-1]) for module in programs if "." in module]
    files = {path for folder in folders for path in own_files(folder)}
    files |= {ROOT / f"{module}.py" for module in programs if "." not in module}
    files |= {ROOT / name for name in (*FILES, *assignment.declared.copy)}
    files |= set(deciding_files(assignment))
    return sorted(
        path
        for path in files
        if path.is_file()
        and not NO_INPUT.intersection(path.relative_to(ROOT).parts)
        and not any(path.is_relative_to(folder) for folder in (*not_ours, assignment.release))
    )
