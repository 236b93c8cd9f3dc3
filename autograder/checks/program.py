"""Runs the code cells of a notebook and says in plain words how they failed."""

from __future__ import annotations

import ast
import importlib
import linecache
import sys
import traceback
import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# imported by the lesson for its plots; slow to import, and no graded function needs them
LAZY_MODULES = frozenset({"matplotlib", "matplotlib.pyplot", "pandas", "seaborn"})

IN_NOTEBOOK = "above"  # the label of every cell of a notebook that is open in Jupyter

DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)
# a constant may be made with these; any other call could be a training run
CHEAP_CALLS = frozenset(
    {"bool", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "range", "set"}
    | {"str", "tuple", "namedtuple", "Counter", "NamedTuple", "TypeVar", "math", "np", "torch"}
)


@dataclass(frozen=True)
class Cell:
    """One code cell. With `whole` false only its definitions run, each for itself."""

    label: str
    code: str
    whole: bool = True


@dataclass(frozen=True)
class Trouble:
    """An exception in the student's code, as words."""

    type_name: str
    message: str
    label: str  # the cell it was raised under, "" if none
    line: int  # in that cell, from 1
    stub: bool  # raised by a stub that has not been filled


class NotDefined(NameError):
    """The notebook does not define a name of the contract."""


class Lesson:
    """A notebook's names after its cells have run: `lesson.Encoder`."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names[name]
        except KeyError:
            raise NotDefined(name) from None


class LazyModule(types.ModuleType):
    """Stands for a module until an attribute of it is used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


class _Shell:
    """What `get_ipython()` returns: magics do nothing when graded."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def fresh_module(name: str) -> types.ModuleType:
    """A module for a notebook's cells to run in, known to `sys.modules` as they expect."""
    module = types.ModuleType(name)
    module.__dict__["get_ipython"] = _Shell
    module.__dict__["display"] = lambda *args, **kwargs: None
    sys.modules[name] = module
    return module


def run_cells(cells: Iterable[Cell], module: types.ModuleType) -> dict[str, Trouble]:
    """Run cells in order; a cell that fails does not stop the next. Returns troubles by label."""
    troubles: dict[str, Trouble] = {}
    for cell in cells:
        filename = f"<{cell.label}>"
        lines = cell.code.splitlines(keepends=True)
        # known to linecache, so that inspect.getsource and torch.jit.script find the source
        linecache.cache[filename] = (len(cell.code), None, lines, filename)
        try:
            body = ast.parse(cell.code, filename).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            troubles[cell.label] = Trouble(
                type(error).__name__, str(error)[:300], cell.label, line, False
            )
            continue
        for node in body:
            if not cell.whole and not _defines(node):
                continue
            try:
                _run_statement(node, filename, module)
            except BaseException as error:
                troubles.setdefault(cell.label, describe(error))
                if cell.whole:
                    break
    return troubles


def _defines(node: ast.stmt) -> bool:
    """Whether a statement only defines something, at no cost worth speaking of."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
        return all(_root(function) in CHEAP_CALLS for function in calls)
    return isinstance(node, DEFINITIONS)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _run_statement(node: ast.stmt, filename: str, module: types.ModuleType) -> None:
    if isinstance(node, ast.Import) and all(a.name in LAZY_MODULES for a in node.names):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module.__dict__[name] = LazyModule(alias.name if alias.asname else name)
        return
    exec(compile(ast.Module([node], []), filename, "exec", dont_inherit=True), module.__dict__)


def describe(error: BaseException) -> Trouble:
    """Say where in the student's cells an exception arose."""
    label, line, in_cell = "", 0, False
    for frame, number in traceback.walk_tb(error.__traceback__):
        found = _cell_of(frame.f_code.co_filename)
        in_cell = bool(found)
        if found:
            label, line = found, number
    try:
        message = str(error)[:300]
    except BaseException:  # an exception of the student's own making may fail to print itself
        message = ""
    stub = isinstance(error, NotImplementedError) and in_cell
    return Trouble(type(error).__name__[:64], message, label, line, stub)


def _cell_of(filename: str) -> str:
    """The label of the cell a code object was compiled from, "" for code of other files."""
    if "ipykernel_" in filename or filename.startswith(("<ipython-input", "<timed exec")):
        return IN_NOTEBOOK
    if filename.startswith("<") and filename.endswith(">") and filename in linecache.cache:
        return filename[1:-1]
    return ""
