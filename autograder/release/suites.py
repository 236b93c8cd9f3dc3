"""Refuses checks that would not grade as they read: a slip in them would be silent otherwise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from autograder.assignment import ROOT, TEST_PREFIX, Assignment
from autograder.errors import ReleaseRefused
from autograder.notebook.lesson import grade_id
from autograder.rubric import FILE as RUBRIC
from autograder.suites import probes_of
from checks.declared import is_declared
from checks.student import Student

TERMS = ("line", "weight", "after", "needs", "on_crash", "stays")  # of @pytest.mark.graded
PACKAGE = "__init__.py"


def check_suites(assignment: Assignment) -> None:
    """Refuse an assignment whose checks are not where, or what, the grader takes them for.

    Raises:
        ReleaseRefused: naming the file, and what to do.
    """
    for problem in _problems(assignment):
        raise ReleaseRefused(problem)


def _problems(assignment: Assignment) -> Iterator[str]:
    known = {task.key for task in assignment.graded_tasks}
    for folder, kind in ((assignment.checks, "public"), (assignment.suite, "hidden")):
        if not (folder / PACKAGE).is_file():
            yield f"{_named(folder / PACKAGE)} is missing: make the folder, and an empty file in it"
        files = sorted(folder.rglob(f"{TEST_PREFIX}*.py"))
        tasks = [file.stem.removeprefix(TEST_PREFIX) for file in files]
        for file, task in zip(files, tasks, strict=True):
            if task not in known:
                yield f"{_named(file)}: no task {task!r}; the tasks are {', '.join(sorted(known))}"
            if tasks.count(task) > 1:
                yield f"{_named(file)}: there are {tasks.count(task)} files of this name"
        for task in sorted(known - set(tasks)):
            yield f"{_named(folder)}: {task!r} has no {kind} checks ({TEST_PREFIX}{task}.py)"
    for key in sorted(known):
        yield from _problems_of(assignment.suite_files(key))
    yield from _rubric_problems(assignment, known)
    for cell in assignment.source.cells:
        key = grade_id(cell).removeprefix(TEST_PREFIX)
        called = re.findall(r"""\bcheck\(\s*["'](\w+)["']""", cell.source)
        if key in known and grade_id(cell).startswith(TEST_PREFIX) and called != [key]:
            asked = f"check({', '.join(map(repr, called))})"
            yield f"cell {grade_id(cell)!r} must call check({key!r}, globals()), and has {asked}"
    try:
        probes = probes_of(assignment.name)
    except Exception as error:  # it is a program: whatever it raises
        at = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        file = _named(assignment.checks / "probes.py")
        yield f"{file} cannot be imported: {type(error).__name__}: {error}{at}"
        return
    for key in sorted(known):
        for path in assignment.suite_files(key):
            yield from _odd_probes(path, probes)


def _problems_of(files: list[Path]) -> Iterator[str]:
    """What is amiss in the checks of one task, the public ones first."""
    names: list[str] = []
    for file in files:
        try:
            body = ast.parse(file.read_text(encoding="utf-8"), file.name).body
        except SyntaxError as error:
            yield f"{_named(file)}, line {error.lineno}: SyntaxError: {error.msg}"
            return
        classes = [node.body for node in body if isinstance(node, ast.ClassDef)]
        functions = [
            node
            for node in (*body, *(inner for group in classes for inner in group))
            if isinstance(node, ast.FunctionDef) and node.name.startswith(TEST_PREFIX)
        ]
        for function in functions:
            where = f"{_named(file)}, line {function.lineno}: {function.name}"
            if not ast.get_docstring(function):
                yield f"{where} has no docstring: students read it as the sentence of the check"
            for problem in _odd_terms(function, names):
                yield f"{where}: {problem}"
            names.append(function.name.removeprefix(TEST_PREFIX))


def _rubric_problems(assignment: Assignment, known: set[str]) -> Iterator[str]:
    """Where rubrics and checks do not speak of the same lines."""
    file = _named(assignment.checks / RUBRIC)
    for key, rubric in assignment.rubrics.items():
        if key not in known:
            yield f"{file}: no task {key!r} that checks grade; they are {', '.join(sorted(known))}"
            continue
        lines = {line.key for line in rubric.line}
        names, named = set(), set()
        for path in assignment.suite_files(key):
            body = ast.parse(path.read_text(encoding="utf-8"), path.name).body
            for function in (node for node in body if isinstance(node, ast.FunctionDef)):
                if not function.name.startswith(TEST_PREFIX):
                    continue
                names.add(function.name.removeprefix(TEST_PREFIX))
                line = _line_of(function)
                if line not in lines:
                    yield (
                        f"{_named(path)}, line {function.lineno}: {function.name}: graded(line="
                        f"{line!r}): expected a line of {file}: {', '.join(sorted(lines))}"
                    )
                named.add(line)
        for line in sorted(lines - named):
            yield f"{file}: {key}: no check is evidence about {line!r}"
        for limit in rubric.at_most:
            for name in limit.unless:
                if name not in names:
                    yield f"{file}: {key}: at_most: unless: no check {name!r} of this task"


def _line_of(function: ast.FunctionDef) -> str:
    """The rubric's line that a check names, "" if it names none."""
    for term in (t for n in function.decorator_list if isinstance(n, ast.Call) for t in n.keywords):
        if term.arg == "line" and isinstance(term.value, ast.Constant):
            return str(term.value.value)
    return ""


def _odd_terms(function: ast.FunctionDef, earlier: list[str]) -> Iterator[str]:
    """What a check's `graded` marker asks for that there is not, as far as its text tells."""
    calls = [
        node
        for node in function.decorator_list
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "graded"
    ]
    for term in (term for call in calls for term in call.keywords):
        if term.arg not in TERMS:
            yield f"graded({term.arg}=...) is unknown; it takes {', '.join(TERMS)}"
        try:
            value = ast.literal_eval(term.value)
        except ValueError:  # a name or an expression
            continue
        if term.arg == "weight" and not (isinstance(value, int | float) and value >= 0):
            yield f"weight: expected 0 or more, got {value!r}"
        if term.arg in ("needs", "after") and not isinstance(value, list | tuple):
            yield f"{term.arg}: expected a list of names, got {value!r}"
        elif term.arg in ("needs", "after"):
            for name in value:
                if name not in earlier:
                    yield (
                        f"{term.arg}: no check {name!r} of this task stands before it; they are "
                        f"{', '.join(earlier) or 'none'}, without {TEST_PREFIX!r}"
                    )


def _odd_probes(file: Path, probes: ModuleType) -> Iterator[str]:
    """What a file asks `student` or `reference` that no probe answers, or one that says not how."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), file.name)):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        if node.value.id not in ("student", "reference") or hasattr(Student, node.attr):
            continue
        where, probe = f"{_named(file)}, line {node.lineno}", getattr(probes, node.attr, None)
        if probe is None:
            yield f"{where}: probes.py has no {node.attr!r}"
        elif not is_declared(probe):
            yield (
                f"{where}: in probes.py {node.attr!r} does not declare what it answers: put "
                "@answers(...), of checks.declared, above it; @answers(Any) if a check reads it all"
            )


def _named(path: Path) -> Path:
    return path.relative_to(ROOT)
