"""The pages say what is so: names, commands, fields and numbers in them are the program's own."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from autograder.__main__ import main
from autograder.assignment import ROOT, Declared
from autograder.notebook.lesson import lesson_notebook
from autograder.notebook.repair import repair
from autograder.release.leaks import check_markers
from autograder.release.new import write_assignment
from autograder.report.schema import SCHEMA
from autograder.wall.limits import MIB, Limits
from checks import plugin
from checks.plugin import Grading, run_suite
from checks.program import Lesson, fresh_module, run_cells
from checks.student import LocalRunner, Student
from checks.verdicts import CheckResult, Verdict

from .bench.pages import BLOCK, PAGE, Figures, page, readme_table
from .examples import REPORT

README = ROOT / "README.md"
DOCS = ROOT / "docs"
GRADER = ROOT / "autograder"
HANDOUTS = sorted(ROOT.glob("solutions/*/handout/README.md"))
PAGES = [README, ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")), ROOT / "data" / "README.md"]
PAGES += HANDOUTS
HOSTS = {"creativecommons.org"}  # the only one a page may link to
# the one index a page may name, for nobody who follows it can do without: torch without CUDA
CPU_TORCH = re.compile(r"(-i |PIP_EXTRA_INDEX_URL=)https://download\.pytorch\.org/whl/cpu\b")

CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
ABSOLUTE_PATH = re.compile(r"(?<![\w./:<>)\]}*~-])(?:/|~/)[a-z][\w./-]*")


def code_in(page: Path) -> str:
    """What stands in code spans and blocks."""
    return "\n".join(CODE.findall(page.read_text()))


def all_code() -> str:
    """The code of all pages that describe this repository."""
    return "\n".join(code_in(page) for page in PAGES if page not in HANDOUTS)


def section(page: Path, heading: str) -> str:
    """The text below a heading of the second level."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", page.read_text(), re.DOTALL | re.M)
    assert found, f"{page.name} has no section {heading!r}"
    return found.group(1)


def first_column(text: str) -> list[str]:
    """The first cells of a Markdown table's rows, without its head."""
    rows = re.findall(r"^\| *([^|]+?) *\|", text, re.MULTILINE)
    head = rows.index("---") if "---" in rows else -1
    return [cell.strip("`") for cell in rows[head + 1 :] if set(cell) != {"-"}]


def code_blocks(page: Path) -> dict[str, str]:
    """The Python blocks that follow a line which begins with a file's name."""
    pattern = r"^`([\w/]+\.py)`[^\n]*\n\n```python\n(.*?)^```"
    return dict(re.findall(pattern, page.read_text(), re.MULTILINE | re.DOTALL))


ASSIGNMENTS = {f"{path.name}/" for path in (ROOT / "solutions").iterdir()}
ROOMS = [
    file.parent
    for top in ("autograder", "checks")
    for file in sorted((ROOT / top).rglob("__init__.py"))
    if "smallest" not in file.parts  # what a new assignment begins with
]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_rooms_own_words_list_all_that_is_in_it_and_nothing_else(room: Path) -> None:
    words = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    listed = re.findall(r"^- `([^`]+)`: \S", words, re.MULTILINE)
    there = {path.name + "/" * path.is_dir() for path in room.iterdir()}
    assert sorted(listed) == sorted(there - {"__init__.py", "__pycache__/", *ASSIGNMENTS})


def test_the_readme_shows_every_room() -> None:
    listed = first_column(section(README, "Rooms"))
    rooms = [str(room.relative_to(ROOT)) + "/" for room in ROOMS if room.parent in (ROOT, GRADER)]
    assert set(rooms) <= set(listed)


def test_every_folder_the_readme_lists_is_there() -> None:
    listed = re.findall(r"^\| `([\w/]+/)` \|", README.read_text(), re.MULTILINE)
    assert "autograder/" in listed
    made = {"assignments/"}  # by `make release`
    assert [name for name in listed if name not in made and not (ROOT / name).is_dir()] == []


def test_every_make_target_in_the_pages_exists_and_every_listed_one_is_in_the_pages() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    listed = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", all_code()))
    assert named <= targets
    assert listed - {"help"} <= named


def test_every_command_is_in_the_pages_and_every_command_there_exists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = set(re.findall(r"^    ([\w-]+)(?: |$)", capsys.readouterr().out, re.MULTILINE))
    assert "grade" in commands
    assert set(re.findall(r"python -m autograder ([\w-]+)", all_code())) == commands


def test_options_of_grade_in_the_pages_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    help_text = capsys.readouterr().out
    for option in ("--json", "--task", "--allow-unconfined"):
        assert option in code_in(DOCS / "instructor.md")
        assert option in help_text


def kind_in_words(schema: dict[str, Any]) -> str:
    """A field's kind in a JSON schema, in the words of the report's page."""
    if "anyOf" in schema:
        return " or ".join(kind_in_words(one) for one in schema["anyOf"])
    words = {"string": "text", "array": "list"}
    kind = schema.get("type", "string")  # else an enumeration of texts
    plain = schema.get("items", {}).get("type") == "string"
    return words.get(kind, kind) + (" of text" if plain else "")


@pytest.mark.parametrize(
    ("heading", "name", "place"),
    [
        ("The record", "WrittenReport", ()),
        ("A task", "WrittenTask", ("tasks", 0)),
        ("A line of the rubric", "WrittenLine", ("tasks", 0, "rubric", 0)),
        ("A check", "CheckResult", ("tasks", 0, "checks", 0)),
    ],
)
def test_page_schema_and_report_have_the_same_fields_in_the_same_order(
    heading: str, name: str, place: tuple[str | int, ...]
) -> None:
    schema: dict[str, Any] = json.loads((DOCS / "report.schema.json").read_text())["$defs"][name]
    record = json.loads(REPORT.to_json())
    for step in place:
        record = record[step]
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]+?) \|", section(DOCS / "report.md", heading), re.MULTILINE
    )
    assert [field for field, _ in rows] == list(record) == list(schema["properties"])
    kinds = {field: kind_in_words(kind) for field, kind in schema["properties"].items()}
    assert dict(rows) == kinds
    always = schema["required"]  # the rest were added later, and have a default for older reports
    assert [field for field in record if field in always] == always


def test_the_report_page_names_its_schema() -> None:
    assert SCHEMA in section(DOCS / "report.md", "The record")


def test_the_report_page_lists_the_verdicts_in_the_order_that_decides() -> None:
    listed = section(DOCS / "report.md", "Verdicts").split(". ")[0]
    assert re.findall(r"`([^`]+)`", listed) == [str(verdict) for verdict in Verdict]


def test_the_students_page_explains_exactly_the_verdicts() -> None:
    words = first_column(section(DOCS / "student.md", "Read the feedback"))
    assert sorted(words) == sorted(str(verdict) for verdict in Verdict)


def test_the_protection_page_names_tests_that_exist() -> None:
    text = (DOCS / "protection.md").read_text()
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", text)
    assert len(named) == len(first_column(section(DOCS / "protection.md", "What is protected")))
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), f"{file}::{test}"


def test_the_protection_page_states_the_limits() -> None:
    limits = Limits()
    text = section(DOCS / "protection.md", "Limits of a submission")
    stated = dict(re.findall(r"^\| ([^|]+?) \| (\d[^|]*?) \|$", text, re.MULTILINE))
    assert stated == {
        "memory: address space of a process, and what all hold together": (
            f"{limits.memory / MIB / 1024:g} GiB"
        ),
        "processes and threads": str(limits.processes),
        "processor time of a worker": f"{limits.processor_seconds} s",
        "one file": f"{limits.file_size / MIB:g} MiB",
        "scratch folder": f"{limits.scratch / MIB:g} MiB",
        "open files": str(limits.open_files),
        "running the notebook's cells": f"{limits.load_seconds:g} s",
        "one call of one function": f"{limits.call_seconds:g} s",
    }


def test_the_readme_names_the_pinned_torch() -> None:
    pinned = re.search(r"^torch==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert f"pinned to {pinned.group(1)}" in " ".join(README.read_text().split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_stays_within_the_repository(page: Path) -> None:
    text = CPU_TORCH.sub("", page.read_text())
    assert ABSOLUTE_PATH.findall(text) == []
    assert re.findall(r"index.url|pypi|find.links", text, re.IGNORECASE) == []
    assert set(re.findall(r"https?://([^/\s)]+)", text)) <= HOSTS
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", [README, DOCS / "student.md", *HANDOUTS], ids=str)
def test_who_installs_is_first_told_how_to_do_without_cuda(page: Path) -> None:
    text = page.read_text()
    told = CPU_TORCH.search(text)
    assert told is not None
    if page != README:  # there it is a setting, told before the first `make`
        assert told.start() < text.index("pip install -r")
        assert "py -m venv .venv\n.venv\\Scripts\\activate" in text  # Windows
        assert "macOS" in text


def test_every_page_can_be_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)", README.read_text()))
    assert linked == {f"docs/{page.name}" for page in DOCS.glob("*.md")}


def test_every_entry_of_the_changelog_says_whom_it_concerns() -> None:
    entries = re.findall(r"^- (.*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert entries
    assert [entry for entry in entries if not entry.startswith(("handout: ", "grader: "))] == []


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The assignment of the authors' page, as the command writes it."""
    write_assignment("double", tmp_path)
    # a package as in the repository: else the public and the hidden file were modules of one name
    (tmp_path / "autograder" / "suites" / "__init__.py").touch()
    monkeypatch.setattr(plugin, "PACKAGE", tmp_path / "checks")  # what lies there is public
    return tmp_path


def test_the_page_for_authors_shows_what_the_command_writes(example: Path) -> None:
    shown = code_blocks(DOCS / "author.md")
    files = [path for path in example.rglob("*.py") if path.name != "__init__.py"]
    assert shown == {str(path.relative_to(example)): path.read_text() for path in files}


def test_the_page_for_authors_lists_what_an_assignment_may_declare() -> None:
    table = (DOCS / "author.md").read_text().partition("| in `assignment.toml` |")[2]
    listed = [name.strip("[]") for name in first_column(table.partition("\n\n")[0])]
    assert listed == list(Declared.__struct_fields__)


def module_at(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grade_example(root: Path, answer: str | None) -> list[CheckResult]:
    """Grade the example with another body for its function, or with its solution."""
    source = lesson_notebook(root / "solutions/double/double.py")
    check_markers(source)
    probes = module_at(root / "checks/double/probes.py")
    faces = []
    for body in (answer, None):
        notebook = lesson_notebook(root / "solutions/double/double.py")
        for cell in notebook.cells:
            if body is not None:
                region = r"### BEGIN SOLUTION.*### END SOLUTION"
                cell.source = re.sub(region, body, cell.source, flags=re.DOTALL)
        module = fresh_module("docs_example")
        run_cells(repair(notebook, source).cells, module)
        faces.append(Student(LocalRunner(Lesson(module.__dict__), probes), probes))
    grading = Grading(faces[0], faces[1], "a salt")
    suites = (root / "checks/double", root / "autograder/suites/double")
    run_suite([suite / "test_double.py" for suite in suites], grading)
    assert grading.problems == []
    return list(grading.results.values())


@pytest.mark.parametrize(
    ("answer", "verdicts"),
    [
        (None, ["passed", "passed"]),
        ('raise NotImplementedError("not written yet")', ["not attempted", "skipped"]),
        ("return [2 * abs(number) for number in numbers]", ["passed", "wrong"]),
        ("return numbers", ["wrong", "skipped"]),
        ("return [numbers[number] for number in range(9)]", ["crashed", "skipped"]),
    ],
    ids=["solution", "untouched", "abs", "unchanged", "crash"],
)
def test_the_example_for_authors_grades_as_it_says(
    example: Path, answer: str | None, verdicts: list[str]
) -> None:
    results = grade_example(example, answer)
    assert [str(result.verdict) for result in results] == verdicts
    assert [result.public for result in results] == [True, False]
    assert [result.weight for result in results] == [1.0, 2.0]


def test_the_example_for_authors_explains_a_wrong_answer(example: Path) -> None:
    wrong = grade_example(example, "return [2 * abs(number) for number in numbers]")[1]
    assert wrong.sentence == "You double negative numbers too."
    assert wrong.rationale == "a negative number was not doubled"
    assert wrong.help == "is there an abs() too many?"


def test_the_figures_of_speed_are_those_of_one_run() -> None:
    figures = Figures.read()
    assert PAGE.read_text(encoding="utf-8") == page(figures)
    (table,) = BLOCK.findall(README.read_text(encoding="utf-8"))
    assert table == readme_table(figures)
