"""Runs the code cells of a notebook and says in plain words how they failed."""

from __future__ import annotations
import __future__ as futures

import ast
import asyncio
import builtins
import importlib
import inspect
import linecache
import re
import sys
import time
import traceback
import types
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .deadline import OutOfTime, time_limit
from .names import DEFINITIONS, IMPORTS, Names, names_of, needed, with_effects

# imported by the lesson for its plots; slow to import, and no graded function needs them
LAZY_MODULES = frozenset({"matplotlib", "matplotlib.pyplot", "pandas", "seaborn"})

IN_NOTEBOOK = "above"  # the label of every cell of a notebook that is open in Jupyter

# processor time for what is not run as a whole: a constant takes a thousandth of it
STATEMENT_SECONDS = 4.0
OWN_SECONDS = 8.0  # for all together but imports and definitions

FUTURES = 0  # the compiler's flags of `from __future__ import ...`
for _feature in futures.all_feature_names:
    FUTURES |= getattr(futures, _feature).compiler_flag
ASYNCHRONOUS = re.compile(r"\b(async|await)\b")
CONFLICT = re.compile(r"(<{7}|={7}|>{7})(\s|$)")


@dataclass(frozen=True)
class Cell:
    """One code cell. With `whole` false only what it defines and what a task needs of it runs."""

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


@dataclass(frozen=True)
class LeftOut:
    """Names that a task needs and that are not there, since the statement to make them failed."""

    names: tuple[str, ...]
    label: str  # the cell of the statement
    line: int  # in that cell, from 1
    trouble: Trouble

    def sentence(self) -> str:
        """What a student reads about it."""
        names = ", ".join(f"`{name}`" for name in self.names)
        them = "it" if len(self.names) == 1 else "them"
        advice = f"make {them} in the task's cell"
        if self.trouble.type_name == OutOfTime.__name__:
            why = self.trouble.message or "computes for too long"
        else:
            message = f" ({self.trouble.message})" if self.trouble.message else ""
            why = f"stops there with {self.trouble.type_name}{message}"
            advice += ", without files or modules beside the notebook: they are not there"
        return (
            f"{names} will be missing when graded: line {self.line} of cell `{self.label}` makes "
            f"{them}, and {why}; {advice}"
        )


class NotDefined(NameError):
    """The notebook does not define a name of the contract."""


class Lesson:
    """A notebook's names after its cells have run: `lesson.Encoder`."""

    def __init__(self, names: dict[str, Any], left_out: Sequence[LeftOut] = ()) -> None:
        self._names = names
        self.left_out = left_out
        self.asked: set[str] = set()  # what was looked up here

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
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
    program = Program(cells)
    program.run(module)
    return program.troubles


@dataclass
class _Statement:
    """A statement at the top level of a cell, and what came of it."""

    cell: Cell
    node: ast.stmt
    asynchronous: bool  # something in its cell is
    names: Names = field(default_factory=Names)
    trouble: Trouble | None = None
    missing: str = ""  # the global name for want of which it failed
    stops: bool = False  # its cell, had that been run in Jupyter
    tried: bool = False
    kept: frozenset[str] = frozenset()  # names that are not what it should have made of them


class Program:
    """The cells of a notebook as one program, run as IPython runs them.

    Of a cell that is not `whole`, imports and definitions run, and of its other statements those
    that make or change a name which the code of a whole cell needs, each for `STATEMENT_SECONDS` of
    processor time at most. After the last whole cell nothing is made anew: there, an experiment may
    give a name another meaning when every task has been checked.
    """

    def __init__(self, cells: Iterable[Cell], names: Iterable[str] = ()) -> None:
        """Read cells; `names` are those of the contract, defined wherever."""
        self.troubles: dict[str, Trouble] = {}
        self.left_out: list[LeftOut] = []
        self._unread: dict[str, Trouble] = {}
        self._statements = [s for cell in cells for s in self._read(cell)]
        read = [(statement, names_of(statement.node)) for statement in self._statements]
        defined = (one.makes for statement, one in read if statement.cell.whole and one.defines)
        self._contract = frozenset(names).union(*defined)
        each = with_effects([one for _, one in read], self._contract)
        for statement, one in zip(self._statements, each, strict=True):
            statement.names = one
        whole = [statement.names for statement in self._statements if statement.cell.whole]
        self._made = frozenset[str]().union(*(one.makes for one in each))
        # what the tasks' functions need, and what is needed to run the tasks' cells
        self.needed = needed(self._contract, each)
        self._wanted = needed(self._contract.union(*(one.uses for one in whole)), each)

    def run(self, module: types.ModuleType, seconds: float = OWN_SECONDS) -> None:
        """Run it in a module; `troubles` and `left_out` then say what failed.

        Args:
            seconds: processor time for all that is needed of cells that are not whole.
        """
        self._names = module.__dict__
        self._left = seconds
        self._flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            self._run()
        finally:
            if self._loop is not None:
                self._loop.close()
        self.troubles = dict(self._unread)
        for statement in self._statements:
            if statement.trouble is not None and statement.tried:
                self.troubles.setdefault(statement.cell.label, statement.trouble)
        self.left_out = list(self._missed())

    def _read(self, cell: Cell) -> list[_Statement]:
        filename = f"<{cell.label}>"
        lines = cell.code.splitlines(keepends=True)
        # known to linecache, so that inspect.getsource and torch.jit.script find the source
        linecache.cache[filename] = (len(cell.code), None, lines, filename)
        try:
            body = ast.parse(cell.code, filename).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            message = _pointed_out(error) if isinstance(error, SyntaxError) else str(error)
            self._unread[cell.label] = Trouble(
                type(error).__name__, message[:300], cell.label, line, False
            )
            return []
        asynchronous = ASYNCHRONOUS.search(cell.code) is not None
        return [_Statement(cell, node, asynchronous) for node in body]

    def _run(self) -> None:
        whole = [place for place, one in enumerate(self._statements) if one.cell.whole]
        last, settled = max(whole, default=-1), frozenset[str]()
        stopped: dict[int, Trouble] = {}
        for place, statement in enumerate(self._statements):
            if id(statement.cell) in stopped:
                statement.trouble = stopped[id(statement.cell)]
            elif statement.cell.whole or self._is_wanted(statement, settled):
                self._try(statement)
                if statement.trouble and statement.stops and statement.cell.whole:
                    stopped[id(statement.cell)] = statement.trouble
            if place == last:
                settled = frozenset([*self._names, *vars(builtins)])
        for statement in self._statements:
            if statement.missing in self._names:  # made by a cell further down
                self._try(statement)

    def _is_wanted(self, statement: _Statement, settled: frozenset[str]) -> bool:
        if isinstance(statement.node, (*IMPORTS, *DEFINITIONS)):
            return True
        return bool((statement.names.touches & self._wanted) - settled)

    def _try(self, statement: _Statement) -> None:
        statement.tried = True
        statement.trouble, statement.missing = None, ""
        before = {name: self._names.get(name, self) for name in statement.names.makes}
        try:
            self._execute(statement)
        except BaseException as error:
            statement.trouble = describe(error)
            statement.missing = self._made_elsewhere(error)
            # where something is missing that was there when the cell was written, it went on
            absent = statement.missing or issubclass(type(error), ImportError | OSError)
            statement.stops = not absent
            late = isinstance(error, OutOfTime)
            kept = {n for n, value in before.items() if late or self._names.get(n, self) is value}
            statement.kept = statement.names.changes | kept

    def _made_elsewhere(self, error: BaseException) -> str:
        """The global name that was not there, if some cell makes it; else ""."""
        name = error.name if type(error) is NameError else ""
        return name if name in self._made and name not in self._names else ""

    def _execute(self, statement: _Statement) -> None:
        node, cell = statement.node, statement.cell
        if isinstance(node, ast.Import) and all(a.name in LAZY_MODULES for a in node.names):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                self._names[name] = LazyModule(alias.name if alias.asname else name)
            return
        body = ast.Module([node], [])
        code = compile(body, f"<{cell.label}>", "exec", self._flags, dont_inherit=True)
        self._flags |= code.co_flags & FUTURES  # as in IPython, for all that follows
        if self._loop is None and statement.asynchronous:
            self._loop = asyncio.new_event_loop()
        if cell.whole or isinstance(node, IMPORTS):
            self._evaluate(code)
        elif statement.names.defines:
            with time_limit(STATEMENT_SECONDS, of_processor=True):
                self._evaluate(code)
        else:
            self._within_budget(code)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("IPython"):
            for alias in node.names:
                if alias.name == "get_ipython":  # the real one says that there is no notebook
                    self._names[alias.asname or alias.name] = _Shell

    def _within_budget(self, code: types.CodeType) -> None:
        if self._left <= 0:
            raise OutOfTime("is not reached in the time for all such cells")
        before = time.process_time()
        try:
            with time_limit(min(STATEMENT_SECONDS, self._left), of_processor=True):
                self._evaluate(code)
        finally:
            self._left -= time.process_time() - before

    def _evaluate(self, code: types.CodeType) -> None:
        if self._loop is None:
            exec(code, self._names)
        elif not asyncio._get_running_loop():
            self._loop.run_until_complete(self._evaluate_in_loop(code))
        else:  # Jupyter's own loop is running: of loops, a thread can run one
            with ThreadPoolExecutor(1) as thread:
                coroutine = self._evaluate_in_loop(code)
                thread.submit(self._loop.run_until_complete, coroutine).result()

    async def _evaluate_in_loop(self, code: types.CodeType) -> None:
        result = eval(code, self._names)
        if code.co_flags & inspect.CO_COROUTINE:
            await result

    def _missed(self) -> Iterable[LeftOut]:
        """What the tasks' functions need of statements that failed or were not reached."""
        every = [statement.names for statement in self._statements]
        users = Counter(name for one in every if one.touches & self.needed for name in one.uses)
        told = set(self._contract)
        for statement in self._statements:
            if statement.trouble is None:
                continue
            touched = statement.names.touches & self.needed & self._made - told
            if _is_star(statement.node):  # whatever nothing else makes
                touched = self.needed - self._made - vars(builtins).keys() - told
            lost = {n for n in touched if n not in self._names or n in statement.kept}
            # not what nothing but the statement itself uses
            lost = {n for n in lost if users[n] > (n in statement.names.uses)}
            if lost:
                told |= lost
                place = statement.cell.label, statement.node.lineno
                yield LeftOut(tuple(sorted(lost)), *place, statement.trouble)


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _pointed_out(error: SyntaxError) -> str:
    """A syntax error's message; it names what cannot be seen or looks like something else."""
    lines = (error.text or "").splitlines() or [""]
    if CONFLICT.match(lines[0]):
        return f"a merge conflict was left in the code ({lines[0][:7]}); keep one side of it"
    of_signs = "character" in error.msg or isinstance(error, IndentationError)
    for character in lines[0] if of_signs else "":
        if not (character.isascii() or character.isidentifier()):
            name = unicodedata.name(character, "no name")
            return f"{error.msg}: {name}, perhaps pasted from a page; type it anew"
    return str(error.msg)


def why_missing(trouble: Trouble, left_out: Iterable[LeftOut]) -> str:
    """Why the name that a NameError speaks of is not there, "" if that is not known."""
    missing = re.match(r"name '(\w+)' is not defined", trouble.message)
    if trouble.type_name != NameError.__name__ or missing is None:
        return ""
    return next((one.sentence() for one in left_out if missing[1] in one.names), "")


def describe(error: BaseException) -> Trouble:
    """Say where in the student's cells an exception arose."""
    label, line, in_cell = "", 0, False
    for frame, number in traceback.walk_tb(error.__traceback__):
        label_here = cell_of(frame.f_code.co_filename)
        in_cell = bool(label_here)
        if label_here:
            label, line = label_here, number or 0  # an alarm may ring where there is no line
    try:
        message = str(error)[:300]
    except BaseException:  # an exception of the student's own making may fail to print itself
        message = ""
    stub = isinstance(error, NotImplementedError) and in_cell
    return Trouble(type(error).__name__[:64], message, label, line, stub)


def cell_of(filename: str) -> str:
    """The label of the cell a code object was compiled from, "" for code of other files."""
    if "ipykernel_" in filename or filename.startswith(("<ipython-input", "<timed exec")):
        return IN_NOTEBOOK
    if filename.startswith("<") and filename.endswith(">") and filename in linecache.cache:
        return filename[1:-1]
    return ""
