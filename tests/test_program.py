"""A notebook's cells run as they are meant to, and their failures are told in plain words."""

from __future__ import annotations

import inspect
import sys
import time
import types
import unicodedata
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode

from autograder.assignment import ROOT
from checks.cells import WORKER_TAG, code_to_run, without_magics
from checks.program import (
    LAZY_MODULES,
    OWN_SECONDS,
    STATEMENT_SECONDS,
    Cell,
    Lesson,
    NotDefined,
    Program,
    Trouble,
    describe,
    fresh_module,
    run_cells,
)
from checks.student import fault
from checks.verdicts import Verdict

from .notebooks import STUB

NAME = "notebook_of_a_test"


@pytest.fixture
def module() -> Iterator[types.ModuleType]:
    """A module for cells to run in."""
    yield fresh_module(NAME)
    del sys.modules[NAME]


def run(module: types.ModuleType, *codes: str, whole: bool = True) -> dict[str, Trouble]:
    """Run cells labelled a, b, c ..."""
    cells = [Cell(label, code, whole) for label, code in zip("abcdef", codes, strict=False)]
    return run_cells(cells, module)


def test_cells_share_their_names(module: types.ModuleType) -> None:
    assert run(module, "x = 2", "def twice():\n    return 2 * x", "y = twice()") == {}
    assert Lesson(module.__dict__).y == 4


def test_a_failing_cell_does_not_stop_the_next(module: types.ModuleType) -> None:
    troubles = run(module, "x = 1\n\n1 / 0\nx = 2", "y = x")
    assert troubles == {"a": Trouble("ZeroDivisionError", "division by zero", "a", 3, False)}
    assert module.__dict__["y"] == 1


def test_an_error_is_told_at_the_innermost_cell(module: types.ModuleType) -> None:
    troubles = run(module, "# helper\ndef broken():\n    return {}['k']", "broken()")
    assert troubles["b"] == Trouble("KeyError", "'k'", "a", 3, False)


def test_an_error_in_a_library_is_told_at_the_students_line(module: types.ModuleType) -> None:
    trouble = run(module, "import json\n\njson.loads('{')")["a"]
    assert (trouble.type_name, trouble.label, trouble.line) == ("JSONDecodeError", "a", 3)


def test_a_syntax_error_is_told_with_its_line(module: types.ModuleType) -> None:
    troubles = run(module, "x = 1\ny = (\n", "z = 3")
    assert (troubles["a"].type_name, troubles["a"].label) == ("SyntaxError", "a")
    assert troubles["a"].line == 2
    assert module.__dict__["z"] == 3
    assert "x" not in module.__dict__


@pytest.mark.parametrize("code", ["x = '\0'", "(" * 5000, "-" * 100_000 + "1"])
def test_no_source_breaks_the_runner(module: types.ModuleType, code: str) -> None:
    assert set(run(module, code, "after = 1")) == {"a"}
    assert module.__dict__["after"] == 1


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "exit()", "import sys\nsys.exit()"])
def test_a_cell_cannot_end_the_program(module: types.ModuleType, code: str) -> None:
    assert set(run(module, code, "after = 1")) == {"a"}
    assert module.__dict__["after"] == 1


def test_an_exception_that_cannot_be_printed_is_told_all_the_same(
    module: types.ModuleType,
) -> None:
    code = """
class Mute(Exception):
    def __str__(self):
        raise SystemExit
raise Mute
"""
    assert run(module, code)["a"] == Trouble("Mute", "", "a", 5, False)


@given(st.text(max_size=2000))
def test_a_message_is_never_long(message: str) -> None:
    assert describe(ValueError(message)).message == message[:300]


def test_an_unfilled_stub_counts_as_not_attempted(module: types.ModuleType) -> None:
    run(module, STUB)
    with pytest.raises(NotImplementedError) as caught:
        module.__dict__["twice"](1)
    assert describe(caught.value) == Trouble(
        "NotImplementedError", "not written yet", "a", 3, stub=True
    )
    assert fault(describe(caught.value)).verdict is Verdict.NOT_ATTEMPTED


def test_a_library_that_is_not_implemented_is_no_stub(module: types.ModuleType) -> None:
    code = "from torch import nn\nclass Encoder(nn.Module):\n    pass\nEncoder()(1)"
    trouble = run(module, code)["a"]
    assert trouble.type_name == "NotImplementedError"
    assert not trouble.stub
    assert fault(trouble).verdict is Verdict.CRASHED


def test_a_name_that_is_not_there_is_told_by_name(module: types.ModuleType) -> None:
    with pytest.raises(NotDefined) as caught:
        _ = Lesson(module.__dict__).Encoder
    told = fault(describe(caught.value))
    assert told.verdict is Verdict.NOT_ATTEMPTED
    assert "`Encoder` is not defined" in told.rationale


def test_source_of_a_cells_function_can_be_looked_up(module: types.ModuleType) -> None:
    code = "x = 1\n\ndef twice(x):\n    return 2 * x"
    run(module, code)
    assert inspect.getsource(module.__dict__["twice"]) == "def twice(x):\n    return 2 * x"


def test_a_dataclass_and_future_annotations_work_in_a_cell(module: types.ModuleType) -> None:
    code = "import dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int = 1\np = Point()"
    assert run(module, code) == {}
    assert module.__dict__["p"].x == 1


# of a cell that is not run whole, definitions run and what a task needs


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """What computes too long is broken off soon."""
    monkeypatch.setattr("checks.program.STATEMENT_SECONDS", 0.2)


NEEDS_F = "def task():\n    return f"


@pytest.mark.parametrize(
    "statement",
    [
        "def f(): pass",
        "async def f(): pass",
        "class f: pass",
        "import math as f",
        "from math import pi as f",
    ],
)
def test_definitions_run_in_any_cell(module: types.ModuleType, statement: str) -> None:
    assert run(module, statement, whole=False) == {}
    assert "f" in module.__dict__


@pytest.mark.parametrize(
    "statement",
    [
        "f = 3",
        "f: int = 3",
        "f = g = [1, {'a': (2,)}]",
        "f, *rest = range(3)",
        "(f := 3)",
        "print(f := 3)",
        "[f := x for x in range(3)]",
        "f = 1; f += 2",
        "import torch\nf = torch.zeros(2)",
        "from torch import nn\nf = nn.CrossEntropyLoss(reduction='none')",
        "from functools import partial\nf = partial(max, 1)",
        "import collections\nf = collections.namedtuple('f', 'a b')",
        "import logging\nf = logging.getLogger(__name__)",
        "import random\nf = random.Random()",
        "import itertools\nf = itertools.count()",
        "from enum import Enum\nf = Enum('f', 'A B')",
        "f = {word: i for i, word in enumerate('abc')}",
        "f = {}\nfor i, word in enumerate('abc'):\n    f[word] = i",
        "f = []\nf.append(1)",
        "class f: pass\nf.size = 3",
        "import heapq\nf = [2, 1]\nheapq.heapify(f)",
        "f = {}\ndef put(k):\n    f[k] = 1\nput('a')",
        "def main():\n    global f\n    f = 1\nif __name__ == '__main__':\n    main()",
        "def inner():\n    global f\n    f = 1\ndef main():\n    inner()\nmain()",
        "try:\n    from tqdm.auto import tqdm as f\nexcept ImportError:\n    f = iter",
        "try:\n    import no_such_module as f\nexcept ImportError:\n    f = iter",
        "if True:\n    def f(): pass",
        "with open('/dev/null') as file:\n    f = file.read()",
        "for f in range(3): pass",
        "match 3:\n    case f: pass",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nowhere\nf = 1",
        "base = 2\nf = [base] * 3",
        "globals()['f'] = 3",
        "for name in ('e', 'f'):\n    globals()[name] = 3",
        "g = 2\ndel g\nf = 'g' in globals()",
        "async def make():\n    return 3\nf = await make()",
        "f = [x async for x in stream()]\n",
    ],
)
def test_whatever_a_task_needs_is_made_in_any_cell(
    module: types.ModuleType, statement: str
) -> None:
    module.__name__ = module.__dict__["__name__"] = "__main__"
    stream = "async def stream():\n    yield 1"
    program = Program([Cell("own", f"{stream}\n{statement}", whole=False), Cell("task", NEEDS_F)])
    program.run(module)
    assert (program.troubles, program.left_out) == ({}, [])
    made = module.__dict__["f"]
    if "await" not in statement and "async" not in statement:
        names: dict[str, Any] = {"__name__": "__main__"}
        exec(statement, names)
        assert type(made).__name__ == type(names["f"]).__name__
        assert not isinstance(made, int | list | dict) or made == names["f"]


@pytest.mark.parametrize(
    "statement",
    [
        "train()",
        "f = train()",
        "f = [train() for _ in range(3)]",
        "for _ in range(3): train()",
        "while True: pass",
        "if True:\n    f = train()",
        "ran += [1]",
        "del ran[:]",
        "f = 0\nwhile True: f += 1",
        "import time\ntime.sleep(1000)",
    ],
)
@pytest.mark.parametrize(
    "task",
    [
        "def task(f):\n    return f",
        "class Task:\n    f = 1\n    def g(self, x):\n        return self.f",
        "def task():\n    f = 1\n    def inner():\n        return f\n    return inner()",
    ],
)
def test_what_no_task_needs_does_not_run(
    module: types.ModuleType, statement: str, task: str
) -> None:
    run(module, "ran = []\ndef train():\n    ran.append(1)")
    cells = [Cell("own", statement, whole=False), Cell("task", task)]
    assert run_cells(cells, module) == {}
    assert module.__dict__["ran"] == []
    assert "f" not in module.__dict__


def test_a_task_in_a_cell_of_ones_own_needs_as_much(module: types.ModuleType) -> None:
    own = "f = iter([1, 2])\ndef twice(x):\n    return [x, next(f)]"
    cells = [Cell("twice", STUB), Cell("own", own, whole=False)]
    assert run_cells(cells, module) == {}
    assert module.__dict__["twice"](0) == [0, 1]


def test_a_name_of_the_contract_is_needed_however_it_is_made(module: types.ModuleType) -> None:
    program = Program([Cell("own", "import copy\ntwice = copy.copy(len)", whole=False)], ["twice"])
    program.run(module)
    assert module.__dict__["twice"] is len


def test_experiments_after_the_tasks_do_not_change_what_these_use(
    module: types.ModuleType,
) -> None:
    cells = [
        Cell("given", "import torch.nn.functional as F"),
        Cell("task", "def task(x):\n    return sum(F.relu(x).tolist()) + scale['a']"),
        Cell("late", "scale = {}\nscale['a'] = 1", whole=False),  # a helper may come last
        Cell("plot", "sum = 0\nfor F in range(3): sum += F", whole=False),
    ]
    assert run_cells(cells, module) == {}
    assert module.__dict__["task"](module.__dict__["F"].torch.ones(2)) == 3


def test_a_helper_at_the_very_end_is_there_for_all(module: types.ModuleType) -> None:
    task = "class Task(Base):\n    pass\nmade = Task()"
    cells = [Cell("task", task), Cell("own", "class Base:\n    size = 3", whole=False)]
    assert run_cells(cells, module) == {}
    assert module.__dict__["made"].size == 3


# what cannot be there when graded is told


def left_out(module: types.ModuleType, own: str, task: str = NEEDS_F) -> list[str]:
    """What is said of a task whose helper cell is not run whole."""
    program = Program([Cell("number 3", own, whole=False), Cell("task", task)])
    program.run(module)
    return [one.sentence() for one in program.left_out]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("\nf = open('data/train.tsv').read()", "stops there with FileNotFoundError"),
        ("\nfrom toy import f", "stops there with ModuleNotFoundError"),
        ("\nfrom helper import *", "stops there with ModuleNotFoundError"),
        ("\nf = missing", "stops there with NameError"),
        ("f = 0\nwhile True: f += 1", "computes for more than 0.2 seconds;"),
        ("f = []\nf.append(missing)", "stops there with NameError"),
        ("g = iter(\nopen('data'))\nf = next(g)", "line 3"),
    ],
)
def test_what_a_task_needs_and_will_not_find_is_told(
    module: types.ModuleType, own: str, words: str
) -> None:
    *_, told = left_out(module, own)
    assert told.startswith("`f` will be missing when graded: line ")
    assert "of cell `number 3`" in told
    assert words in told
    assert "make it in the task's cell" in told


@pytest.mark.parametrize(
    "task",
    [
        "def task(f):\n    return f",
        "def task():\n    return 1\nprint(f)",  # only a trial needs it
        "def task():\n    return 1\nmodel = f\nmodel.train()",
    ],
)
def test_what_no_function_of_a_task_needs_is_not_told(module: types.ModuleType, task: str) -> None:
    assert left_out(module, "f = open('data/train.tsv').read()", task) == []


def test_a_statement_that_stopped_half_way_made_what_came_before(
    module: types.ModuleType,
) -> None:
    own = "if True:\n    from math import pi as f\n    import no_such_module"
    assert left_out(module, own) == []


def test_a_name_error_says_where_the_name_was_made(module: types.ModuleType) -> None:
    program = Program([Cell("own", "f = open('f')", whole=False), Cell("task", NEEDS_F)])
    program.run(module)
    with pytest.raises(NameError) as caught:
        module.__dict__["task"]()
    told = fault(describe(caught.value), left_out=program.left_out)
    for words in (told.rationale, told.private_rationale):
        assert words.startswith("your code raised NameError at line 2 of cell `task`")
        assert "line 1 of cell `own`" in words
    caught.value.args = ("name 'other' is not defined",)
    assert "own" not in fault(describe(caught.value), left_out=program.left_out).rationale


def test_the_page_for_students_names_the_budget() -> None:
    page = " ".join((ROOT / "docs" / "student.md").read_text().split())
    assert f"{STATEMENT_SECONDS:g} seconds a statement, {OWN_SECONDS:g} in all" in page


def test_all_that_is_not_a_task_has_a_budget_together(module: types.ModuleType) -> None:
    endless = "\n".join(f"f{n} = 0\nwhile True: f{n} += 1" for n in range(9))
    task = "def task():\n    return " + " + ".join(f"f{n}" for n in range(9))
    program = Program([Cell("own", endless, whole=False), Cell("task", task)])
    before = time.process_time()
    program.run(module, seconds=0.5)
    assert time.process_time() - before < STATEMENT_SECONDS
    assert module.__dict__["task"]
    assert {name for one in program.left_out for name in one.names} == {f"f{n}" for n in range(9)}


@pytest.mark.usefixtures("short")
def test_a_loop_that_catches_every_exception_is_broken_off(module: types.ModuleType) -> None:
    own = "f = 0\nwhile True:\n    try:\n        f += 1\n    except Exception:\n        pass"
    (told,) = left_out(module, own)
    assert "computes for more than" in told


@pytest.mark.parametrize(
    "trial",
    [
        "from toy import EOS",
        "rows = open('data/train.tsv').readlines()",
        "print(trained)",
    ],
)
def test_a_trial_in_a_tasks_cell_does_not_cost_the_task(
    module: types.ModuleType, trial: str
) -> None:
    cells = [
        Cell("own", "trained = open('weights.pt')", whole=False),
        Cell("task", f"{trial}\ndef twice(x):\n    return 2 * x"),
    ]
    run_cells(cells, module)
    assert module.__dict__["twice"](2) == 4


def test_what_stops_a_cell_in_jupyter_stops_it_when_graded(module: types.ModuleType) -> None:
    run(module, "def f():\n    return 1\nraise Exception('enough')\ndef f():\n    return 2")
    assert module.__dict__["f"]() == 1


# as in IPython


@pytest.mark.parametrize(
    "cells",
    [
        ("from __future__ import annotations\nclass B:\n    parent: B | None = None",),
        ("from __future__ import annotations", "class B:\n    parent: B | None = None"),
        ("x = 1\nfrom __future__ import annotations\nclass B:\n    parent: B | None = None",),
        ('"""Beams."""\nfrom __future__ import annotations\ndef f(b: Nowhere): pass\nclass B: 1',),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_flags_of_the_future_hold_from_then_on(
    module: types.ModuleType, cells: tuple[str, ...], whole: bool
) -> None:
    assert run(module, *cells, whole=whole) == {}
    assert "B" in module.__dict__


def test_no_flag_of_ours_is_given_to_a_cell(module: types.ModuleType) -> None:
    assert run(module, "def f(b: Nowhere): pass")["a"].type_name == "NameError"


def test_a_dataclass_of_the_future_knows_its_fields(module: types.ModuleType) -> None:
    code = """
from __future__ import annotations
from dataclasses import dataclass, field

@dataclass(order=True)
class Beam:
    score: float
    parent: Beam | None = None
    tokens: list[int] = field(default_factory=list)

best = max(Beam(1.0), Beam(2.0))
"""
    assert run(module, code) == {}
    assert module.__dict__["best"].score == 2


@pytest.mark.parametrize(
    "code",
    [
        "import asyncio\nx = await asyncio.sleep(0, 3)",
        "async def g():\n    yield 3\nasync for x in g(): pass",
        "async def g():\n    yield 3\n(x,) = [y async for y in g()]",
        "import asyncio\nasync def f():\n    return 3\nt = asyncio.create_task(f())\nx = await t",
        "import asyncio\nasync with asyncio.Lock():\n    x = 3",
    ],
)
def test_await_works_at_the_top_level(module: types.ModuleType, code: str) -> None:
    assert run(module, code) == {}
    assert module.__dict__["x"] == 3


def test_an_error_behind_an_await_is_told_at_its_line(module: types.ModuleType) -> None:
    trouble = run(module, "async def f():\n    return 1 / 0\n\nawait f()")["a"]
    assert (trouble.type_name, trouble.line) == ("ZeroDivisionError", 2)


def test_ipythons_own_shell_is_nobody(module: types.ModuleType) -> None:
    code = "from IPython import get_ipython as ip\nip().run_line_magic('matplotlib', 'inline')"
    assert run(module, code) == {}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1\nif x:\n\u00a0   y = 2", "NO-BREAK SPACE"),
        ("x = 1\n\ny\u200b = 2", "ZERO WIDTH SPACE"),
        ("x = 1\n\nprint(\u201cx\u201d)", "LEFT DOUBLE QUOTATION MARK"),
        ("x = 1\n\ny = x \u2212 2", "MINUS SIGN"),
        ("x = 1\n\n\ufeffy = 2", "ZERO WIDTH NO-BREAK SPACE"),
        ("x = 1\n\n<<<<<<< HEAD\ny = 2", "merge conflict"),
        ("x = 1\nif x:\n\ty = 1\n        z = 2", "tabs"),
    ],
)
def test_a_character_that_cannot_be_seen_is_named(
    module: types.ModuleType, code: str, words: str
) -> None:
    trouble = run(module, code)["a"]
    assert words in trouble.message
    assert trouble.line >= 3


@pytest.mark.parametrize("name", ["é", "e\u0301", "größe", "\ufb01t", "变量"])
def test_a_name_beyond_ascii_is_one_in_every_form(module: types.ModuleType, name: str) -> None:
    cells = [
        Cell("own", f"{unicodedata.normalize('NFD', name)} = max(1, 2)", whole=False),
        Cell("task", f"def task():\n    return {unicodedata.normalize('NFC', name)}"),
    ]
    assert run_cells(cells, module) == {}
    assert module.__dict__["task"]() == 2


def test_one_failing_definition_does_not_lose_the_others(module: types.ModuleType) -> None:
    code = "class C(missing): pass\ndef f():\n    return 1\nclass D(gone): pass"
    troubles = run(module, code, whole=False)
    assert troubles["a"] == Trouble("NameError", "name 'missing' is not defined", "a", 1, False)
    assert module.__dict__["f"]() == 1


@pytest.mark.parametrize("name", sorted(LAZY_MODULES))
def test_modules_for_plots_are_imported_when_used(
    module: types.ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)
    assert run(module, f"import {name} as lazy") == {}
    assert name not in sys.modules
    fake: Any = types.ModuleType(name)
    fake.answer = 42
    monkeypatch.setitem(sys.modules, name, fake)
    assert module.__dict__["lazy"].answer == 42


def test_other_imports_happen_at_once(module: types.ModuleType) -> None:
    assert run(module, "import no_such_module_anywhere")["a"].type_name == "ModuleNotFoundError"


# which cells run, and in which order


def cell(code: str, **terms: Any) -> NotebookNode:
    """A code cell with nbgrader's terms; `tags` stand beside them."""
    made = nbformat.v4.new_code_cell(code)
    tags = terms.pop("tags", None)
    if tags:
        made.metadata["tags"] = tags
    if terms:
        made.metadata["nbgrader"] = terms
    return made


def test_given_code_runs_first_then_stubs_then_answers() -> None:
    cells = [
        cell("own = 1"),
        cell("def a(): return 1", grade_id="a", solution=True),
        cell("def b():\n    raise NotImplementedError('x')", grade_id="b", solution=True),
        cell("class Given: pass", grade_id="given", locked=True, tags=[WORKER_TAG]),
        nbformat.v4.new_markdown_cell("# words"),
        cell("check('a', globals())", grade_id="test_a", locked=True, grade=True),
        cell("print('a locked plot')", grade_id="plot", locked=True),
    ]
    assert code_to_run(cells) == [
        Cell("b", cells[2].source),
        Cell("given", cells[3].source),
        Cell("number 1", "own = 1", whole=False),
        Cell("a", cells[1].source),
        Cell("plot", "print('a locked plot')", whole=False),
    ]


def test_a_notebook_read_as_plain_json_gives_the_same_program() -> None:
    raw = {"cell_type": "code", "metadata": {}, "source": ["x = 1\n", "y = 2"]}
    assert code_to_run([raw]) == [Cell("number 1", "x = 1\ny = 2", whole=False)]


@pytest.mark.parametrize(
    "code",
    [
        "%%time\nx = 1",
        "%matplotlib inline\nx = 1",
        "!pip install something\nx = 1",
        "files = !ls\nx = 1",
        "x = 1\nprint?",
        "%%capture out\nx = 1",
        "x = 1\nfor i in range(2):\n    %time pass",
    ],
)
def test_code_with_magics_still_runs(module: types.ModuleType, code: str) -> None:
    assert run(module, without_magics(code)) == {}
    assert module.__dict__["x"] == 1


@pytest.mark.parametrize(
    "code", ["x = 7 % 2", "def f(x):\n    return x != 3", "s = 'why?'", "x = 1\n\n\ny = 2"]
)
def test_code_without_magics_is_left_alone(code: str) -> None:
    assert without_magics(code) == code


def test_lines_keep_their_numbers_beside_magics(module: types.ModuleType) -> None:
    code = "%%time\n%matplotlib inline\n!ls\n1 / 0"
    assert run(module, without_magics(code))["a"].line == 4
