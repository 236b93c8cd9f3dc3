"""What the cells of an open notebook were when they last ran, and what came of them.

Python keeps an old function when the cell that should replace it fails. IPython tells of every
run of a cell, so that a check can tell the old from what the cell says now. Where that cannot be
known (other shells, names made by `exec` or reloaded), nothing is said.
"""

from __future__ import annotations

import ast
import contextlib
import dis
import inspect
import keyword
import re
import sys
import traceback
import types
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from .cells import without_magics

ALIKE = 0.9  # of two texts of one cell, before and after a small change
REMEMBERED = 200  # runs of cells that have no id
NOTHING = object()  # stands for a name that has no value
INNER = ast.Lambda | ast.ListComp | ast.DictComp | ast.SetComp | ast.GeneratorExp  # own names
OPENS = re.compile(r"^(?:async[ \t]+)?(\w+)[ \t]+(\w+)([^\n]*)", re.MULTILINE)


@dataclass
class Run:
    """One run of a cell."""

    number: int
    cell: str  # the front end's id of it, "" if it sends none
    error: str  # "SyntaxError in line 3", "" if it ran to its end
    bound: set[str]  # names that got their values in it
    source: str = ""
    failed: dict[str, object] = field(default_factory=dict)  # those that did not, and their values


@dataclass
class Open:
    """A run that is under way."""

    cell: str
    before: dict[str, object]  # the values of the names that it is to define
    inner: BaseException | None = None  # what ended a cell that it ran: %%capture tells nobody


class Runs:
    """Keeps, for every name, the last run that gave it its value and the last that failed to."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self._number = 0
        self._open: list[Open] = []
        self._binding: dict[str, tuple[Run, object]] = {}
        self._failing: dict[str, Run] = {}
        self._last: dict[str, Run] = {}
        self._without_id: deque[Run] = deque(maxlen=REMEMBERED)

    def watch(self, events: Any) -> None:
        """Listen to a shell's events."""
        events.register("pre_run_cell", self.began)
        events.register("post_run_cell", self.ended)

    def began(self, info: Any) -> None:
        """A cell is about to run: keep the values of the names that it is to define."""
        # whatever goes wrong in here, the student's cell runs as it would without us
        with contextlib.suppress(Exception):
            outer = self._open[-1].cell if self._open else ""  # %%capture runs a cell in a cell
            cell = str(getattr(info, "cell_id", None) or outer)
            source = without_magics(info.raw_cell)
            wanted = {*_claimed(source), *_bound(source)}
            self._open.append(Open(cell, {name: self._value(name) for name in wanted}))

    def ended(self, result: Any) -> None:
        """A cell has run: keep what came of it."""
        with contextlib.suppress(Exception):
            info = result.info
            run = self._open.pop() if self._open else Open("", {})  # an empty cell does not begin
            run.cell = run.cell or str(getattr(info, "cell_id", None) or "")
            error = result.error_before_exec or result.error_in_exec or run.inner
            if self._open:
                self._open[-1].inner = error
            lines_known = not info.raw_cell.lstrip().startswith("%%")  # else counted from below it
            source = without_magics(info.raw_cell)
            self._note(run.cell, source, error, run.before, lines_known)

    def _note(
        self,
        cell: str,
        source: str,
        error: BaseException | None,
        before: dict[str, object],
        lines_known: bool,
    ) -> None:
        self._number += 1
        line = _line(error) if error is not None and lines_known else 0
        where = f" in line {line}" if line else ""
        happened = f"{type(error).__name__}{where}" if error else ""
        run = Run(self._number, cell, happened, set(), source)
        bindings = _bound(source)
        for name, binding in bindings.items():
            changed = name in before and self._value(name) is not before[name]
            reached = error is None or binding.end < line
            if changed or (reached and not (binding.always_new and name in before)):
                run.bound.add(name)
        defined = {name for name, binding in bindings.items() if binding.defines}
        for name in (_claimed(source) | defined) - run.bound:
            run.failed[name] = self._value(name)
            self._failing[name] = run
        for name in run.bound:
            self._binding[name] = (run, self._value(name))
            self._failing.pop(name, None)
        if cell:
            self._last[cell] = run
        else:
            self._without_id.append(run)

    def _value(self, name: str) -> object:
        return self.names.get(name, NOTHING)

    def doubt(self, name: str) -> str:
        """Why a name does not stand for what the notebook says now; "" if it does, for all we know.

        What the name's function or class uses is looked at too.
        """
        with contextlib.suppress(Exception):  # as above: nothing is better than our own failure
            for used in self._used(name, set()):
                told = self._stale(used)
                if told:
                    below = "" if used == name else f" (`{name}` uses it)"
                    return f"`{used}`{below}: {told}"
        return ""

    def _stale(self, name: str) -> str:
        value = self._value(name)
        failing = self._failing.get(name)
        run, bound = self._binding.get(name, (None, NOTHING))
        if failing is not None and (run is None or failing.number > run.number):
            if value is not failing.failed[name]:
                return ""  # it has got another value since, in a way unseen
            return _failure(failing, value)
        if run is None or value is not bound:
            return ""
        if not run.cell:
            return self._renamed(name, run)
        later = self._last[run.cell]
        if later is run or name in later.bound:
            return ""
        if later.error:
            return _failure(later, value)
        return (
            "your last run of this cell no longer defines it; what is checked is an older "
            "version. Was it renamed, or moved to a cell that was not run?"
        )

    def _renamed(self, name: str, run: Run) -> str:
        """Whether a cell without an id was run once more, little changed, with another name."""
        for later in self._without_id:
            if later.number <= run.number or name in later.bound:
                continue
            for other in later.bound - run.bound:
                named_back = re.sub(rf"\b{re.escape(other)}\b", name, later.source)
                alike = SequenceMatcher(None, named_back, run.source, autojunk=False)
                if alike.quick_ratio() > ALIKE and alike.ratio() > ALIKE:
                    return (
                        f"a later run of what looks like the same cell defines `{other}` in its "
                        f"place. The contract asks for `{name}`: correct the name, or if that is "
                        f"another cell, run again the one that defines `{name}`; then check again"
                    )
        return ""

    def _used(self, name: str, seen: set[str]) -> Iterator[str]:
        """The name, and the names of the notebook's functions and classes that it makes use of."""
        if name in seen:
            return
        seen.add(name)
        yield name
        value = self._value(name)
        used = [value.__name__] if isinstance(value, types.FunctionType | type) else []
        used += [base.__name__ for base in value.__mro__] if inspect.isclass(value) else []
        for code in _codes(value):
            for instruction in dis.get_instructions(code):
                if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                    used.append(instruction.argval)
        for other in used:
            kind = self._value(other)
            if isinstance(kind, types.FunctionType | type) and kind.__module__ == "__main__":
                yield from self._used(other, seen)


def _failure(run: Run, value: object) -> str:
    happened = "failed" if run.error else "did not define it"
    left = "there is no version" if value is NOTHING else "what is checked is an older version"
    why = f" ({run.error}.)" if run.error else ""
    return f"your last run of this cell {happened}; {left}.{why} Correct it, run it, check again."


class Binding(NamedTuple):
    """A place where a cell gives a name its value."""

    end: int  # the line where it ends
    defines: bool  # a function or a class
    always_new: bool  # whenever it is run, the value is another object


def _bound(source: str) -> dict[str, Binding]:
    """The names that a cell gives a value, outside of functions and classes."""
    bindings: dict[str, Binding] = {}

    def visit(nodes: Iterable[ast.AST], straight: bool) -> None:
        for node in nodes:
            end = getattr(node, "end_lineno", 0)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                bindings[node.name] = Binding(end, True, straight)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    bindings[name] = Binding(end, False, False)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bindings[node.id] = Binding(end, False, False)
            elif not isinstance(node, INNER):
                compound = hasattr(node, "body") and not isinstance(node, ast.Module)
                visit(ast.iter_child_nodes(node), straight and not compound)

    try:
        visit([ast.parse(source)], True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    return bindings


def _claimed(source: str) -> set[str]:
    """Names of the classes and functions that a cell is to define, also if it cannot be read.

    `clas Encoder(Module):` is an attempt at one too; `return Encoder(x)` is none.
    """
    return {
        name
        for word, name, rest in OPENS.findall(source)
        if word in ("class", "def")
        or (not keyword.iskeyword(word) and rest.partition("#")[0].rstrip().endswith(":"))
    }


def _line(error: BaseException) -> int:
    """The line of the cell itself at which it stopped, 0 if unknown."""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "<module>" or frame.f_code.co_name.startswith("<cell line"):
            return number or 0
    return (error.lineno or 0) if isinstance(error, SyntaxError) else 0


def _codes(value: object) -> Iterator[types.CodeType]:
    """All code of a function, or of a class's own methods."""
    if inspect.isclass(value):
        for part in vars(value).values():
            if isinstance(part, property):
                yield from (code for way in (part.fget, part.fset) for code in _codes(way))
            elif isinstance(part, staticmethod | classmethod):
                yield from _codes(part.__func__)
            elif isinstance(part, types.FunctionType):
                yield from _codes(part)
    elif isinstance(value, types.FunctionType):
        pending = [inspect.unwrap(value).__code__]
        while pending:
            code = pending.pop()
            yield code
            pending += [c for c in code.co_consts if isinstance(c, types.CodeType)]


def _watched() -> Runs | None:
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return None
    runs = Runs(shell.user_ns)
    runs.watch(shell.events)
    return runs


RUNS = _watched()


def doubt_of(name: str, names: dict[str, Any]) -> str:
    """`Runs.doubt`; "" where no runs were seen, or those of other names."""
    return RUNS.doubt(name) if RUNS is not None and RUNS.names is names else ""
