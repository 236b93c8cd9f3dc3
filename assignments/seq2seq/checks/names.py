"""Which global names a statement makes, changes and uses; whose statements another needs."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})
# whoever calls one of these may mean any name that stands in a text
BY_TEXT = frozenset({"eval", "exec", "globals", "locals", "vars"})
# an expression is a statement of its own for what it changes, but not these
FOR_THE_EYES = (frozenset(vars(builtins)) - {"setattr", "delattr", "next"}) | {"display", "check"}


@dataclass(frozen=True)
class Names:
    """The global names of one statement at the top level of a cell."""

    makes: frozenset[str] = frozenset()  # assigned, imported, defined or deleted
    changes: frozenset[str] = frozenset()  # the object is altered: `x[k] = v`, `x.append(v)`
    uses: frozenset[str] = frozenset()  # read by it, or by what it defines
    imports: frozenset[str] = frozenset()  # those of `makes` that are imported
    calls: frozenset[str] = frozenset()  # functions that it calls for what they change
    defines: bool = False  # a function or a class
    effects: frozenset[str] = frozenset()  # of a definition: what calling it makes or changes

    @property
    def touches(self) -> frozenset[str]:
        """What is not as it was once the statement has run."""
        return self.makes | self.changes


def names_of(node: ast.stmt) -> Names:
    """Find a statement's names; of code that Python itself cannot compile, a good guess."""
    try:
        return _names_of(node, symtable.symtable(ast.unparse(node), "<statement>", "exec"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        inside = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
        makes = frozenset(part.id for part in inside if not isinstance(part.ctx, ast.Load))
        return Names(makes, uses=frozenset(part.id for part in inside))


def _names_of(node: ast.stmt, top: symtable.SymbolTable) -> Names:
    makes, uses, imports, effects = set[str](), set[str](), set[str](), set[str]()
    defines = isinstance(node, DEFINITIONS)
    for table, at_once in _tables(top):
        for symbol in table.get_symbols():
            bound = symbol.is_assigned() or symbol.is_imported()
            name = symbol.get_name()
            if table is top:
                makes |= {name} if bound else set()
                uses |= {name} if symbol.is_referenced() else set()
                imports |= {name} if symbol.is_imported() else set()
            elif symbol.is_global():
                uses.add(name)
                if bound:
                    (makes if at_once else effects).add(name)
    if uses & BY_TEXT and not _is_for_the_eyes(node):
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                meant, used = _meant(part.value)
                uses |= meant | used
                makes |= set() if defines else meant
    parts = list(ast.walk(node) if defines else _at_once(node))
    changes = frozenset(_changed(parts, arguments=not defines)) & uses
    calls = (part for part in parts if isinstance(part, ast.Call) and defines)
    alone = (part.value for part in parts if isinstance(part, ast.Expr))
    return Names(
        makes=frozenset(makes),
        changes=frozenset() if defines else changes,
        uses=frozenset(uses),
        imports=frozenset(imports),
        calls=frozenset(root(part.func) for part in (*calls, *alone) if isinstance(part, ast.Call)),
        defines=defines,
        effects=changes | effects if defines else frozenset(),
    )


def _meant(text: str) -> tuple[set[str], set[str]]:
    """The names that a text gives a value and uses if it is code, or the one that it is."""
    try:
        parts = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()
    made = {part.name for part in parts if isinstance(part, DEFINITIONS)}
    named = [part for part in parts if isinstance(part, ast.Name)]
    made |= {part.id for part in named if not isinstance(part.ctx, ast.Load)}
    return made | ({text} if text.isidentifier() else set()), {part.id for part in named}


def _is_for_the_eyes(node: ast.stmt) -> bool:
    """Whether a statement is a call that makes nothing, such as `check("<task>", globals())`."""
    called = (
        node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    )
    return called is not None and root(called) in FOR_THE_EYES - BY_TEXT


def _tables(
    table: symtable.SymbolTable, at_once: bool = True
) -> Iterator[tuple[symtable.SymbolTable, bool]]:
    """A table and all in it, each with whether its code runs with the statement itself."""
    yield table, at_once
    for inner in table.get_children():
        yield from _tables(inner, at_once and inner.get_name() in COMPREHENSIONS)


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """A statement and all that runs with it: not the bodies of functions."""
    yield node
    for inner in ast.iter_child_nodes(node):
        if not isinstance(inner, FUNCTIONS):
            yield from _at_once(inner)


def _changed(nodes: Iterable[ast.AST], *, arguments: bool) -> Iterator[str]:
    """Names of objects that a statement alters, as far as its form tells."""
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield root(node)
        elif isinstance(node, ast.Expr):
            value = node.value.value if isinstance(node.value, ast.Await) else node.value
            if isinstance(value, ast.ListComp):
                value = value.elt
            if isinstance(value, ast.Call) and root(value.func) not in FOR_THE_EYES:
                if isinstance(value.func, ast.Attribute):
                    yield root(value.func)
                if arguments:
                    yield from (root(argument) for argument in value.args)


def root(node: ast.expr) -> str:
    """`x` of `x.y[z]`, "" of what does not begin with a name."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def with_effects(statements: Sequence[Names], without: Iterable[str] = ()) -> list[Names]:
    """The same, with what they change by calling functions that other statements define.

    What was imported is not changed: `torch.manual_seed(0)` makes no other torch.

    Args:
        without: functions that may be called for what they return only.
    """
    definitions = [one for one in statements if one.defines and not one.makes & set(without)]
    effects = dict.fromkeys((name for one in definitions for name in one.makes), frozenset[str]())
    grown = True
    while grown:  # a function has the effects of those that it calls
        grown = False
        for one in definitions:
            whole = one.effects.union(*(effects.get(call, ()) for call in one.calls))
            for name in one.makes:
                grown = grown or not whole <= effects[name]
                effects[name] |= whole
    imported = frozenset[str]().union(*(names.imports for names in statements))

    def changed(names: Names) -> Names:
        called = () if names.defines else (effects.get(call, ()) for call in names.calls)
        return replace(names, changes=names.changes.union(*called) - imported)

    return [changed(names) for names in statements]


def needed(roots: Iterable[str], statements: Sequence[Names]) -> frozenset[str]:
    """All names that some names need: those used by whatever makes or changes one of them."""
    by_name: dict[str, list[Names]] = {}
    for names in statements:
        for name in names.touches:
            by_name.setdefault(name, []).append(names)
    reached, waiting = set[str](), list(roots)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            for names in by_name.pop(name, []):
                waiting += names.uses
    return frozenset(reached)
