"""A notebook's cells run as they are meant to, and their failures are told in plain words."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode

from autograder.checks.cells import WORKER_TAG, program, without_magics
from autograder.checks.program import (
    CHEAP_CALLS,
    LAZY_MODULES,
    Cell,
    Lesson,
    NotDefined,
    Trouble,
    describe,
    fresh_module,
    run_cells,
)
from autograder.checks.student import fault
from autograder.checks.verdicts import Verdict

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


# what only defines is run in a cell that is not run whole


@pytest.mark.parametrize(
    "statement",
    [
        "def f(): pass",
        "async def f(): pass",
        "class f: pass",
        "import math as f",
        "from math import pi as f",
        "f = 3",
        "f: int = 3",
        "f = [1, {'a': (2,)}]",
        "f = max(1, len('ab'))",
        "import torch\nf = torch.zeros(2)",
        "import math\nf = math.log(2)",
    ],
)
def test_definitions_and_constants_count_in_any_cell(
    module: types.ModuleType, statement: str
) -> None:
    assert run(module, statement, whole=False) == {}
    assert "f" in module.__dict__


@pytest.mark.parametrize(
    "statement",
    [
        "train()",
        "f = train()",
        "f = [train() for _ in range(3)]",
        "f = {'a': len(train())}",
        "f = ran.append(1)",
        "for _ in range(3): train()",
        "while True: pass",
        "if True:\n    f = train()",
        "with open('/dev/null'): f = 1",
        "ran += [1]",
        "del ran[:]",
        "ran.extend([1]) if True else None",
    ],
)
def test_what_could_take_an_hour_does_not_run(module: types.ModuleType, statement: str) -> None:
    run(module, "ran = []\ndef train():\n    ran.append(1)")
    run(module, statement, whole=False)
    assert module.__dict__["ran"] == []
    assert "f" not in module.__dict__


def test_a_training_run_is_no_cheap_call() -> None:
    assert not CHEAP_CALLS & {"train", "fit", "open", "input", "eval", "exec", "main", "print"}


def test_one_failing_definition_does_not_lose_the_others(module: types.ModuleType) -> None:
    troubles = run(module, "x = missing\ndef f():\n    return 1\ny = gone", whole=False)
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
    assert program(cells) == [
        Cell("b", cells[2].source),
        Cell("given", cells[3].source),
        Cell("number 1", "own = 1", whole=False),
        Cell("a", cells[1].source),
    ]


def test_a_notebook_read_as_plain_json_gives_the_same_program() -> None:
    raw = {"cell_type": "code", "metadata": {}, "source": ["x = 1\n", "y = 2"]}
    assert program([raw]) == [Cell("number 1", "x = 1\ny = 2", whole=False)]


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
