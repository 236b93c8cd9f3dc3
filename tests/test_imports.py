"""Who may import whom, when, and what that costs before the wall is begun."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.assignment import ROOT

from .pulls import Host

CODE = [path for room in ("autograder", "checks", "data") for path in (ROOT / room).rglob("*.py")]
HEAVY = {"torch", "numpy", "nbgrader", "nbformat", "jupytext", "rich", "pytest"}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """What `make lint` says of imports."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all code that has contracts, and of these."""
    root = tmp_path_factory.mktemp("imports")
    for path in [*CODE, ROOT / "pyproject.toml", *(ROOT / "tests").glob("[_c]*.py")]:
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return root


def test_the_contracts_are_kept(copied: Path) -> None:
    done = lint(copied)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("autograder/wall/limits.py", "import autograder.judge", "Each room imports only"),
        (
            "autograder/judge/results.py",
            "import autograder.desk.submissions.clock",
            "Each room imports only",
        ),
        (
            "autograder/desk/pages/page.py",
            "import autograder.desk.marks.lms",
            "Within the desk, the same",
        ),
        ("autograder/release/leaks.py", "import autograder.doctor", "Each room imports only"),
        ("autograder/attic.py", "", "Each room imports only"),
        ("checks/verdicts.py", "import autograder.text", "What students hold imports nothing"),
        ("autograder/wall/inside/wire.py", "from .. import limits", "What runs behind the wall"),
        ("autograder/wall/inside/new.py", "import autograder.errors", "What runs behind the wall"),
        (
            "autograder/wall/wall.py",
            "def late():\n    from .trial import leaks",
            "No module imports itself in a circle",
        ),
        (
            "autograder/suites/other/test_a.py",
            "import autograder.suites.seq2seq",
            "What is one assignment's",
        ),
        ("autograder/suites/other/test_a.py", "import checks.seq2seq", "What is one assignment's"),
        ("checks/other/probes.py", "from checks import seq2seq", "What is one assignment's"),
        ("autograder/judge/grade.py", "import checks.seq2seq.probes", "What is one assignment's"),
        ("autograder/suites/memory.py", "from . import seq2seq", "What is one assignment's"),
    ],
)
def test_an_import_that_may_not_be_breaks_its_contract(
    copied: Path, file: str, line: str, contract: str
) -> None:
    path = copied / file
    before = path.read_text() if path.exists() else None
    folder = path.parent if not path.parent.exists() else None
    path.parent.mkdir(exist_ok=True)
    if folder:
        (folder / "__init__.py").touch()
    try:
        path.write_text(f"{before or ''}\n{line}\n")
        done = lint(copied)
    finally:
        if folder:
            shutil.rmtree(folder)
        elif before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert done.returncode == 1
    assert re.search(rf"^{contract}.* BROKEN", done.stdout, re.MULTILINE), done.stdout


def test_an_assignment_added_later_is_one_of_its_own(copied: Path) -> None:
    folders = [copied / "autograder/suites/other", copied / "checks/other"]
    for folder in folders:
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "first.py").touch()
    (folders[0] / "test_first.py").write_text("import checks.other.first\nfrom . import first\n")
    try:
        assert lint(copied).returncode == 0
        (copied / "autograder/suites/seq2seq/planted.py").write_text("import checks.other.first\n")
        done = lint(copied)
        assert done.returncode == 1
        assert "seq2seq.planted imports checks.other.first" in " ".join(done.stdout.split())
    finally:
        for folder in folders:
            shutil.rmtree(folder)
        (copied / "autograder/suites/seq2seq/planted.py").unlink(missing_ok=True)


def unexplained(code: str) -> list[int]:
    """Lines with an import inside a function for which no comment names the seconds it saves.

    A comment explains the line it stands on, or all imports that follow it at once. Seconds are
    spent once: a package that was explained is so for the whole file.
    """
    imports = {
        node.lineno: node
        for function in ast.walk(ast.parse(code))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    wrong, known, explained = [], set[str](), False
    for number, line in enumerate(code.splitlines(), 1):
        explained |= re.search(r"#.*\b\d+(\.\d+)? s\b", line) is not None
        if number in imports:
            packages = _packages(imports[number])
            if explained:
                known |= packages
            elif not packages <= known:
                wrong.append(number)
        elif line.strip() and not line.lstrip().startswith("#"):
            explained = False
    return wrong


def _packages(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The packages that an import names; of those here, the whole module."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    name = "." * node.level + (node.module or "")
    return {name if name.startswith((".", "autograder", "checks")) else name.partition(".")[0]}


def test_an_import_inside_a_function_is_found_unless_its_seconds_are_named() -> None:
    assert unexplained("import a\n\ndef f():\n    import b\n    # slow\n    import c\n") == [4, 6]
    assert unexplained("def f():\n    import b  # 0.4 s\n    x = 1\n    import c\n") == [4]
    assert unexplained("def f():\n    # 2 s: b\n    # and c\n    import b\n    import c\n") == []
    assert unexplained("def f():\n    import b  # 2 s\ndef g():\n    from b.c import d\n") == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_import_inside_a_function_says_which_seconds_it_saves(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    assert unexplained(code) == []
    assert "TYPE_CHECKING" not in code


# tells what is loaded when the sandbox's process is about to be started, and ends there
LOADED = """
import os, sys
def loaded():
    os.write(1, " ".join({name.partition(".")[0] for name in sys.modules}).encode())
    os._exit(0)
def started(event, arguments):
    if event == "subprocess.Popen" and "--unshare-ipc" in arguments[1]:
        loaded()
sys.addaudithook(started)
from autograder.__main__ import main
sys.stdout = open(os.devnull, "w")
try:
    main(sys.argv[1:])
except SystemExit:
    loaded()
"""


def loaded(*arguments: object) -> set[str]:
    """The packages that are loaded when a command begins the wall, or shows its help."""
    command = [sys.executable, "-c", LOADED, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return set(done.stdout.split())


def test_the_help_loads_nothing_that_takes_long() -> None:
    packages = loaded("--help")
    assert "autograder" in packages
    assert packages & {*HEAVY, "psutil"} == set()


@pytest.mark.parametrize(
    "arguments",
    [("grade", "seq2seq", ROOT / "assignments/seq2seq/seq2seq.ipynb"), ("doctor", "seq2seq")],
    ids=lambda arguments: arguments[0],
)
def test_the_wall_is_begun_before_anything_that_takes_long(arguments: tuple[object, ...]) -> None:
    packages = loaded(*arguments)
    assert {"autograder", "psutil"} <= packages
    assert packages & HEAVY == set()


def test_the_wall_for_a_pull_request_is_begun_as_early(tmp_path: Path) -> None:
    host = Host(tmp_path / "host")
    event = host.event(host.open({"submissions/alice/seq2seq.ipynb": "deep"}))
    place = ("--repository", host.course, "--output", tmp_path / "out")
    packages = loaded("pr", *place, "--event", event)
    assert {"autograder", "psutil"} <= packages
    assert packages & HEAVY == set()


def test_feedback_pages_and_grades_are_written_without_torch() -> None:
    modules = "autograder.desk.plugins.exporters, autograder.desk.marks.export"
    code = f"import sys, {modules}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "nbgrader" in done.stdout.split(), done.stderr
    assert "torch" not in done.stdout.split()
