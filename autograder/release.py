"""Builds what students get, and refuses to when it would give an answer away or grade wrongly."""

from __future__ import annotations

import filecmp
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .aside import ASIDE, exchange
from .assignment import ROOT, Assignment
from .checks.verdicts import Verdict
from .commands import last_error, nbgrader
from .course import Course, CourseError
from .judge import grade, offering_salt
from .notebook import repair
from .results import inputs_digest
from .source import grade_id, is_solution
from .stated import disagreements
from .typed import read_typed
from .wall import Wall

SOURCE = ROOT / "build" / "source"  # nbgrader's source folder: no .py with solutions lies there
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SCHEME_BEGIN, SCHEME_END = "=== BEGIN MARK SCHEME ===", "=== END MARK SCHEME ==="
REGIONS = {BEGIN: END, SCHEME_BEGIN: SCHEME_END}
# whatever looks meant as a marker; nbgrader would release the answer behind a misspelt one
LIKE_A_MARKER = re.compile(r"^\s*(#{2,}|={3,}|#)\s*(BEGIN|END|BEGN|BEGGIN)\b.*", re.IGNORECASE)
TELLING_LINE = 12  # characters; a shorter line, `return loss`, may well stand elsewhere
TELLING_LINE_IN_FILES = 30  # characters; supporting code may use the same idioms


class ReleaseRefused(RuntimeError):
    """The release would give an answer away, or would not grade as it should."""


def build_source(assignment: Assignment, into: Path = SOURCE) -> Path:
    """Write the folder that nbgrader releases from: the notebook and its supporting files.

    `solutions/<name>/release.toml` lists further files of this repository to hand out (`copy`)
    and programs that write some (`generate`: folder = module).

    Raises:
        ReleaseRefused: `release.toml` cannot be read, or a program failed.
        OSError: a file is not there or cannot be written.
    """
    folder = into / ASIDE / assignment.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    nbformat.write(assignment.source, folder / f"{assignment.name}.ipynb")
    home = assignment.lesson.parent
    for path in sorted(home.glob("*.py")):
        if path != assignment.lesson:
            _copy(path, folder / path.name)
    _copy_tree(home / "handout", folder)
    try:
        terms = tomllib.loads(read_typed(home / "release.toml"))
    except ValueError as error:
        raise ReleaseRefused(f"{home / 'release.toml'} is not TOML: {error}") from error
    for name in terms.get("copy", []):
        _copy(ROOT / name, folder / name)
    for name, module in terms.get("generate", {}).items():
        command = [sys.executable, "-m", module, str(folder / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["no message"]
            raise ReleaseRefused(f"python -m {module}, which writes {name}, failed: {said[-1]}")
    copy_checks(assignment, folder / "checks")
    exchange(folder, into / assignment.name)
    return into / assignment.name


def copy_checks(assignment: Assignment, into: Path) -> None:
    """The engine's and the suite's public part, together in one package named `checks`."""
    names = {"autograder.checks": "checks", f"autograder.suites.{assignment.name}.checks": "checks"}
    into.mkdir()
    for origin in (assignment.suite / "checks", ROOT / "autograder" / "checks"):
        for path in sorted([*origin.glob("*.py"), *origin.glob("*.ini")]):
            text = path.read_text(encoding="utf-8")
            for inside, outside in names.items():
                text = text.replace(inside, outside)
            (into / path.name).write_text(text, encoding="utf-8")


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)


def _copy_tree(folder: Path, into: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _copy(path, into / path.relative_to(folder))


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
                raise ReleaseRefused(f"{where} looks like a misspelt marker; use {BEGIN!r}")
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


def check_leaks(solution: NotebookNode, released: NotebookNode, files: Iterable[Path]) -> None:
    """Refuse a release in which a line of the solution survives, in the notebook or beside it.

    Raises:
        ReleaseRefused: naming the file and the line.
    """
    secret = solution_lines(solution)
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


def prove(assignment: Assignment, released: NotebookNode, wall: Wall) -> None:
    """Refuse unless the solution earns everything and the untouched release nothing.

    Raises:
        ReleaseRefused: naming the tasks and the first check at odds.
    """
    salt = offering_salt()
    solved = grade(assignment, repair(assignment.source, assignment.source), wall, salt)
    for task in solved.tasks:
        fault = task.first_to_fix
        if fault is not None:
            raise ReleaseRefused(
                f"the solution loses points in {task.key!r}: {fault.check}: {fault.rationale}"
            )
    untouched = grade(assignment, repair(released, released), wall, salt)
    for task in untouched.tasks:
        if task.points:
            lucky = [c.check for c in task.checks if c.verdict is Verdict.PASSED]
            raise ReleaseRefused(f"the untouched release earns points in {task.key!r}: {lucky}")


def release(assignment: Assignment) -> bool:
    """Build and prove the release with nbgrader, and put it into `assignments/`.

    Nothing is done when the inputs are those of the last release that was proved here.

    Returns:
        Whether anything was built.

    Raises:
        ReleaseRefused: nbgrader or one of the checks above refused, or two builds differ.
    """
    stamp = ROOT / "build" / f"{assignment.name}.released"
    inputs = inputs_digest(assignment)
    proved = stamp.exists() and stamp.read_text(encoding="utf-8") == inputs + tree_digest(
        assignment.release
    )
    if proved and in_gradebook(assignment):
        return False
    built = []
    for number, options in enumerate(([], ["--no-db", "--ProveRelease.grading=False"])):
        build_source(assignment)
        folder = ROOT / "build" / f"release-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        done = nbgrader(
            "generate_assignment",
            assignment.name,
            "--force",
            f"--CourseDirectory.release_directory={folder}",
            *options,
        )
        if done.returncode != 0:
            raise ReleaseRefused(f"nbgrader generate_assignment: {last_error(done.stderr)}")
        built.append(folder / assignment.name)
    if not same_files(*built):
        raise ReleaseRefused(f"two builds differ: compare {built[0]} and {built[1]}")
    copied = assignment.release.parent / ASIDE / assignment.name
    shutil.rmtree(copied, ignore_errors=True)
    shutil.copytree(built[0], copied)
    exchange(copied, assignment.release)
    stamp.write_text(inputs + tree_digest(assignment.release), encoding="utf-8")
    return True


def in_gradebook(assignment: Assignment) -> bool:
    """Whether the course's gradebook knows an assignment; not if it cannot be opened."""
    try:
        with Course.at().gradebook() as gradebook:
            return assignment.name in {known.name for known in gradebook.assignments}
    except CourseError:
        return False


def tree_digest(folder: Path) -> str:
    """A digest of the names and bytes of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def same_files(left: Path, right: Path) -> bool:
    """Whether two folders hold the same names and bytes."""
    names = [
        sorted(p.relative_to(side) for p in side.rglob("*") if p.is_file())
        for side in (left, right)
    ]
    if names[0] != names[1]:
        return False
    return all(filecmp.cmp(left / name, right / name, shallow=False) for name in names[0])
