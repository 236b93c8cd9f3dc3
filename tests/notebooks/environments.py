"""What a right notebook may look like when it arrives: made from the solution, one by one.

Each is what a program, a habit or an accident makes of it, as seen in public bug reports. `says` is
what its findings must contain, one after the other; none stands for no finding at all.
"""

from __future__ import annotations

import base64
import copy
import json
import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import nbformat

from autograder.assignment import Assignment, released_notebook
from autograder.notebook.lesson import grade_id, is_solution

ASSIGNMENT = Assignment("seq2seq")
ANSWER = "My translator makes *search errors* and model errors."
Tree = dict[str, Any]
Cells = list[dict[str, Any]]


@dataclass(frozen=True)
class Environment:
    """A solved notebook as some environment hands it in."""

    name: str
    data: Callable[[], bytes]
    says: tuple[str, ...] = ()
    task: str = ""  # the task whose code it changes, "" if no code is another
    same: bool = True  # whether each task's cell holds just its solution


@cache
def _solved() -> str:
    notebook = released_notebook(ASSIGNMENT)
    code = {grade_id(cell): cell.source for cell in ASSIGNMENT.source.cells if is_solution(cell)}
    for cell in notebook.cells:
        if is_solution(cell):
            cell.source = code[grade_id(cell)] if cell.cell_type == "code" else ANSWER
    return nbformat.writes(notebook)


def solved() -> Tree:
    """The released notebook with every task solved, as JSON."""
    return dict(json.loads(_solved()))


def plain() -> bytes:
    """The same as Jupyter writes it."""
    return _solved().encode()


def cell_of(tree: Tree, name: str) -> dict[str, Any]:
    """The cell of a task."""
    return next(cell for cell in tree["cells"] if grade(cell) == name)


def grade(cell: dict[str, Any]) -> str:
    """A JSON cell's nbgrader id, "" if it has none."""
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def text(cell: dict[str, Any]) -> str:
    """A JSON cell's source."""
    return "".join(cell["source"])


def code_cell(source: str) -> dict[str, Any]:
    """A cell of the student's own, as JSON."""
    made = nbformat.v4.new_code_cell(source)
    return dict(json.loads(json.dumps(made)))


def dumped(tree: Tree, **terms: Any) -> bytes:
    """A tree as a file."""
    return (json.dumps(tree, **{"ensure_ascii": False, "indent": 1, **terms}) + "\n").encode()


# programs that write notebooks


def _written_by(
    minor: int, notebook: Tree, cell: Callable[[int], Tree] = lambda number: {}
) -> Callable[[], bytes]:
    """Metadata of a program: of the notebook, and added to every cell."""

    def data() -> bytes:
        tree = solved()
        tree["metadata"] = notebook
        tree["nbformat_minor"] = minor
        for number, one in enumerate(tree["cells"]):
            one["metadata"] |= cell(number)
            if minor < 5:
                del one["id"]
        return dumped(tree)

    return data


PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
VS_CODE = {
    "kernelspec": {"name": "python3", "display_name": ".venv (3.12.3)", "language": "python"},
    "language_info": {"name": "python", "version": "3.12.3", "file_extension": ".py"},
    "vscode": {"interpreter": {"hash": "31f2aee4e71d21fbe5cf8b01ff0e069b"}},
}
COLAB = {
    **PYTHON,
    "accelerator": "GPU",
    "colab": {"provenance": [], "gpuType": "T4", "toc_visible": True},
    "language_info": {"name": "python"},
}
KAGGLE = {
    **PYTHON,
    "kaggle": {"accelerator": "nvidiaTeslaT4", "dataSources": [], "isGpuEnabled": True},
    "papermill": {"duration": 93.1, "exception": None, "version": "2.6.0"},
}
WIDGETS = {"application/vnd.jupyter.widget-state+json": {"state": {"a" * 32: {"views": [1]}}}}

PROGRAMS = {
    **{f"format_4_{minor}": _written_by(minor, PYTHON) for minor in range(6)},
    "format_unheard_of": _written_by(9, PYTHON),
    "vs_code": _written_by(2, VS_CODE, lambda n: {"vscode": {"languageId": "python"}}),
    "colab": _written_by(0, COLAB, lambda n: {"id": f"q{n:011d}", "colab": {"height": 35}}),
    "colab_form": _written_by(0, COLAB, lambda n: {"cellView": "form", "id": f"q{n:011d}"}),
    "deepnote": _written_by(
        2,
        {"deepnote": {}, "deepnote_notebook_id": "f" * 32, "orig_nbformat": 2},
        lambda n: {"cell_id": f"{n:032x}", "deepnote_cell_type": "code", "tags": ["x"]},
    ),
    "jupyterlite": _written_by(
        4, {"kernelspec": {"name": "python", "display_name": "Python (Pyodide)"}}
    ),
    "kaggle": _written_by(
        4, KAGGLE, lambda n: {"execution": {"iopub.status.busy": "2026-03-01T10:00:00Z"}}
    ),
    "jupyterlab_3": _written_by(5, PYTHON, lambda n: {"tags": [], "jupyter": {"x": False}}),
    "jupyterlab_4": _written_by(
        5, PYTHON, lambda n: {"editable": True, "slideshow": {"slide_type": ""}}
    ),
    "paperspace": _written_by(4, {**PYTHON, "ExecuteTime": {}}, lambda n: {"ExecuteTime": {}}),
    "datalore": _written_by(4, {"datalore": {"version": 1}}, lambda n: {"datalore": {"x": 1}}),
    "marimo": _written_by(5, {"marimo": {"app_config": {}}}, lambda n: {"marimo": {"name": "_"}}),
    "jupytext_paired": _written_by(5, {"jupytext": {"formats": "ipynb,py:percent"}, **PYTHON}),
    "widgets": _written_by(5, {"widgets": WIDGETS, **PYTHON}),
    "toc_extension": _written_by(4, {"toc": {"base_numbering": 1}, **PYTHON}),
    "no_metadata_of_its_own": _written_by(5, {}),
    "another_kernel": _written_by(5, {"kernelspec": {"name": "ir", "language": "R"}}),
}


# what happens to the file


def _file(change: Callable[[Tree], Any], **terms: Any) -> Callable[[], bytes]:
    """A change of the tree; what it returns, if anything, is the new tree."""

    def data() -> bytes:
        tree = solved()
        changed = change(tree)
        return dumped(changed if isinstance(changed, dict) else tree, **terms)

    return data


def _each(change: Callable[[dict[str, Any]], Any]) -> Callable[[], bytes]:
    """A change of every cell."""

    def all_of_them(tree: Tree) -> None:
        for cell in tree["cells"]:
            change(cell)

    return _file(all_of_them)


def _code(cell: dict[str, Any], **fields: Any) -> None:
    if cell["cell_type"] == "code":
        cell |= fields


def _format_3(tree: Tree) -> Tree:
    cells = []
    for cell in tree["cells"]:
        new = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        name = "input" if cell["cell_type"] == "code" else "source"
        cells.append(new | {name: cell["source"], "outputs": [], "language": "python"})
    sheets = [{"cells": cells[:20], "metadata": {}}, {"cells": cells[20:]}]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}


def _outputs(size: int) -> list[dict[str, Any]]:
    png = b"\x89PNG\r\n\x1a\n" + random.Random(0).randbytes(size)
    data = {"image/png": base64.b64encode(png).decode(), "text/html": "<b>" * 100}
    return [{"output_type": "display_data", "metadata": {}, "data": data}] * 5


FILES: dict[str, Callable[[], bytes]] = {
    "byte_order_mark": lambda: b"\xef\xbb\xbf" + plain(),
    "crlf_file": lambda: plain().replace(b"\n", b"\r\n"),
    "cr_file": lambda: plain().replace(b"\n", b"\r"),
    "one_line": lambda: dumped(solved(), indent=None, separators=(",", ":")),
    "escaped": lambda: dumped(solved(), ensure_ascii=True),
    "no_newline_at_end": lambda: plain().rstrip(),
    "zeros_around": lambda: b"\n\n  " + plain() + b"   \n\n",
    "crlf_in_cells": _each(
        lambda cell: cell.update(source=text(cell).replace("\n", "\r\n").splitlines(True))
    ),
    "cr_in_cells": _each(lambda cell: cell.update(source=text(cell).replace("\n", "\r"))),
    "source_as_text": _each(lambda cell: cell.update(source=text(cell))),
    "lines_without_ends": _each(lambda cell: cell.update(source=text(cell).split("\n"))),
    "trailing_spaces": _each(lambda cell: cell.update(source=text(cell) + "\n\n   \n")),
    "counts_as_text": _each(lambda cell: _code(cell, execution_count="7")),
    "counts_missing": _each(lambda cell: cell.pop("execution_count", None)),
    "outputs_missing": _each(lambda cell: cell.pop("outputs", None)),
    "outputs_null": _each(lambda cell: _code(cell, outputs=None)),
    "not_a_number": _each(lambda cell: cell["metadata"].update(score=float("nan"))),
    "infinite_numbers": _each(lambda cell: cell["metadata"].update(score=float("inf"))),
    "collapsed_cells": _each(lambda cell: cell["metadata"].update(collapsed=True, scrolled="auto")),
    "large_outputs": _each(lambda cell: _code(cell, outputs=_outputs(60_000))),
    "25_megabytes_of_outputs": _file(
        lambda tree: _code(tree["cells"][-10], outputs=_outputs(3_700_000))
    ),
    "large_attachments": _file(
        lambda tree: tree["cells"][0].update(
            attachments={"photo.png": {"image/png": "A" * 4_000_000}}
        )
    ),
    "format_3": _file(_format_3),
    "as_the_server_sends_it": _file(
        lambda tree: {"name": "seq2seq.ipynb", "type": "notebook", "content": tree}
    ),
    "key_twice": lambda: plain().replace(b'"source": [', b'"source": ["x"], "source": ['),
}

ODD_FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "utf_16": (lambda: _solved().encode("utf-16"), "UTF-16 text and was read all the same"),
    "utf_16_unmarked": (lambda: _solved().encode("utf-16-be"), "UTF-16 text and was read"),
    "latin_1": (
        lambda: _solved().encode("latin-1", "replace"),
        "not UTF-8 text and was read all the same",
    ),
}


# what happens to the cells


def _lone_surrogate(tree: Tree) -> None:
    tree["cells"].insert(9, code_cell("word = '\\ud800'"))
    tree["cells"][9]["source"] = "word = '\ud83d'  # half of a character"


def _split(*, copied: bool) -> Callable[[Tree], None]:
    """The beam search's cell parted in two; some editors copy its metadata."""

    def change(tree: Tree) -> None:
        place = tree["cells"].index(cell_of(tree, "beam_search"))
        first, second = copy.deepcopy(tree["cells"][place]), code_cell("")
        helper = "def normalised(log_prob, length):\n    return log_prob\n\n\nAT_ONCE = max(1, 2)"
        first["source"], second["source"] = helper, text(first)
        keeps = (second, first) if not copied else (first, second)
        keeps[0]["metadata"] = copy.deepcopy(tree["cells"][place]["metadata"])
        keeps[1]["metadata"] = keeps[0]["metadata"] if copied else {}
        first["id"], second["id"] = "upper", "lower"
        tree["cells"][place : place + 1] = [first, second]

    return change


def _merged(tree: Tree) -> None:
    """Two tasks in one cell, the other one deleted."""
    encoder, decoder = cell_of(tree, "encoder"), cell_of(tree, "decoder")
    encoder["source"] = text(encoder) + "\n\n\n" + text(decoder)
    tree["cells"].remove(decoder)


def _without_nbgrader(tree: Tree) -> None:
    for cell in tree["cells"]:
        cell["metadata"] = {}


def _without_ids(tree: Tree) -> None:
    for number, cell in enumerate(tree["cells"]):
        cell["id"] = f"{number:08x}"


def _without_all(tree: Tree) -> None:
    _without_nbgrader(tree)
    _without_ids(tree)


def _answer_parted(tree: Tree) -> None:
    """All metadata gone, and a note of the student's own above the answer."""
    place = tree["cells"].index(cell_of(tree, "translation"))
    note = json.loads(json.dumps(nbformat.v4.new_markdown_cell("My answer:")))
    tree["cells"].insert(place, note)
    _without_all(tree)


def _tasks_last(tree: Tree) -> None:
    names = {task.key for task in ASSIGNMENT.graded_tasks}
    tree["cells"].sort(key=lambda cell: grade(cell) in names)


def _retyped(kind: str, name: str) -> Callable[[Tree], None]:
    return lambda tree: cell_of(tree, name).update(cell_type=kind)


def _old_version_first(tree: Tree) -> None:
    place = tree["cells"].index(cell_of(tree, "greedy"))
    old = copy.deepcopy(tree["cells"][place])
    old["source"], old["id"] = "def greedy_decode(*arguments):\n    return []", "old"
    tree["cells"].insert(place, old)


def _unknown_cells(tree: Tree) -> None:
    tree["cells"][3:3] = [
        {"cell_type": "heading", "level": 2, "metadata": {}, "source": "A heading"},
        {"cell_type": "sql", "metadata": {}, "source": "SELECT 1"},
        {"cell_type": None, "metadata": None, "source": None},
        {"metadata": {}},
    ]


SPREAD = ("split", "split_with_its_metadata", "merged")
GONE = "and your answers were found by what they define or where they stand"
CELLS: dict[str, tuple[Callable[[Tree], None], tuple[str, ...]]] = {
    "reversed": (lambda tree: tree["cells"].reverse(), ()),
    "tasks_moved_to_the_end": (_tasks_last, ()),
    "check_cells_deleted": (
        lambda tree: tree.update(
            cells=[cell for cell in tree["cells"] if not text(cell).startswith("check(")]
        ),
        (),
    ),
    "lesson_deleted": (
        lambda tree: tree.update(cells=[c for c in tree["cells"] if "solution" in str(c)]),
        (),
    ),
    "ids_made_anew": (_without_ids, ()),
    "nbgraders_metadata_gone": (_without_nbgrader, ()),
    "all_metadata_gone": (_without_all, (GONE,)),
    "all_metadata_gone_and_a_note": (_answer_parted, (GONE,)),
    "retyped_raw": (_retyped("raw", "encoder"), ("turned into a cell of another type",)),
    "retyped_markdown": (_retyped("markdown", "greedy"), ("turned into a cell of another type",)),
    "answer_retyped": (_retyped("code", "translation"), ("turned into a cell of another type",)),
    "retyped_unheard_of": (_retyped("magic", "decoder"), ("turned into a cell of another type",)),
    "split": (_split(copied=False), ()),
    "split_with_its_metadata": (_split(copied=True), ("appears 2 times",)),
    "merged": (_merged, ("cell `decoder` is missing",)),
    "old_version_first": (_old_version_first, ("appears 2 times",)),
    "pasted_twice": (lambda tree: tree.update(cells=tree["cells"] * 2), ("appears 2 times",)),
    "surrogate": (_lone_surrogate, ()),
    "unknown_cells": (_unknown_cells, ()),
}


# what stands in the code


@dataclass(frozen=True)
class Code:
    """A task's solution that uses something of the student's own."""

    task: str
    own: str = ""  # a cell of the student's own before the task's
    top: str = ""  # first in the task's cell
    use: str = ""  # first in the task's function
    end: str = ""  # last in the task's cell
    late: str = ""  # a cell at the end of the notebook
    says: tuple[str, ...] = ()

    def data(self) -> bytes:
        """The notebook."""
        tree = solved()
        self.put_into(tree)
        return dumped(tree, ensure_ascii=True)

    def put_into(self, tree: Tree) -> None:
        """Change a notebook so that it has this code."""
        cell = cell_of(tree, self.task)
        lines = text(cell).splitlines()
        (first, *_) = (n for n, line in enumerate(lines) if "BEGIN SOLUTION" in line)
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        lines[first:first] = [indent + line for line in self.use.splitlines()]
        cell["source"] = "\n".join([*self.top.splitlines(), *lines, "", *self.end.splitlines()])
        if self.own:
            tree["cells"].insert(tree["cells"].index(cell), code_cell(self.own))
        if self.late:
            tree["cells"].append(code_cell(self.late))


DATACLASS = """from dataclasses import dataclass


@dataclass
class Beam:
    tokens: list[int]
    parent: Beam | None = None
"""
FUTURE = "from __future__ import annotations"
USE_BEAM = "assert Beam([1], parent=Beam([])).parent.tokens == []"

CODE = {
    # the first table of reported hand-ins
    "tqdm_or_nothing": Code(
        "beam_search",
        own="try:\n    from tqdm.auto import tqdm\nexcept ImportError:\n    tqdm = lambda x: x",
        use="assert list(tqdm([1], disable=True)) == [1]",
    ),
    "defined_under_if": Code(
        "greedy", own="if True:\n    def half(x): return x / 2", use="assert half(2) == 1"
    ),
    "namedtuple": Code(
        "beam_search",
        own='import collections\nNode = collections.namedtuple("Node", "a b")',
        use="assert Node(1, 2).b == 2",
    ),
    "loss_module": Code(
        "teacher_forcing",
        own='criterion = nn.CrossEntropyLoss(reduction="none")',
        use="assert criterion(torch.zeros(1, 2), torch.tensor([0])).shape == (1,)",
    ),
    "partial": Code(
        "teacher_forcing",
        own='from functools import partial\nce = partial(F.cross_entropy, reduction="sum")',
        use="assert ce(torch.zeros(1, 2), torch.tensor([0])) > 0",
    ),
    "logger": Code("encoder", own="import logging\nlog = logging.getLogger(__name__)", use="log"),
    "random_generator": Code("greedy", own="rng = random.Random()", use="rng.random()"),
    "counter": Code(
        "decoder", own="import itertools\ncounter = itertools.count()", use="next(counter)"
    ),
    "dict_comprehension": Code(
        "greedy",
        own='VOCAB = {w: i for i, w in enumerate("abc")}',
        use='assert VOCAB["c"] == 2',
    ),
    "future_in_the_cell": Code("beam_search", top=f"{FUTURE}\n{DATACLASS}", use=USE_BEAM),
    "future_in_an_earlier_cell": Code("beam_search", own=FUTURE, top=DATACLASS, use=USE_BEAM),
    # siblings
    "future_in_the_middle": Code("beam_search", top=f"x = 1\n{FUTURE}\n{DATACLASS}", use=USE_BEAM),
    "future_and_class_of_ones_own": Code("beam_search", own=f"{FUTURE}\n{DATACLASS}", use=USE_BEAM),
    "await": Code(
        "greedy",
        own="import asyncio\nasync def ready():\n    return 3\nLIMIT = await ready()",
        use="assert LIMIT == 3",
    ),
    "await_in_the_tasks_cell": Code(
        "greedy", top="import asyncio\nawait asyncio.sleep(0)", end="await asyncio.sleep(0)"
    ),
    "filled_by_a_loop": Code(
        "beam_search",
        own="COST = {}\nfor n in range(9):\n    COST[n] = n * n",
        use="assert COST[8] == 64",
    ),
    "filled_by_a_function": Code(
        "beam_search",
        own="RANKS = []\ndef fill():\n    for n in range(9):\n        RANKS.append(n)\nfill()",
        use="assert len(RANKS) == 9",
    ),
    "made_by_exec": Code(
        "greedy",
        own="exec('KAPPA = 3')\nexec('def thrice(x):\\n    return KAPPA * x')",
        use="assert thrice(2) == 6",
    ),
    "global_set_by_main": Code(
        "encoder",
        own="def main():\n    global SCALE\n    SCALE = 1\nif __name__ == '__main__':\n    main()",
        use="assert SCALE == 1",
    ),
    "enumeration": Code(
        "greedy",
        own="from enum import Enum, auto\nclass How(Enum):\n    ARGMAX = auto()\nHOW = How.ARGMAX",
        use="assert HOW is How.ARGMAX",
    ),
    "decorator": Code(
        "greedy",
        own="import functools\ndef quiet(f):\n    @functools.wraps(f)\n"
        "    def g(*args, **kwargs):\n        return f(*args, **kwargs)\n    return g",
        top="@quiet",
    ),
    "cache_of_ones_own": Code(
        "greedy",
        own="from functools import lru_cache\n@lru_cache\ndef square(x): return x * x",
        use="assert square(3) == 9",
    ),
    "walrus": Code("decoder", own="print(SIZE := 3)", use="assert SIZE == 3"),
    "match_statement": Code(
        "greedy",
        own="match torch.__version__.split('.'):\n    case [MAJOR, *_]: pass",
        use="assert int(MAJOR) >= 2",
    ),
    "star_import": Code("encoder", own="from math import *", use="assert floor(2.5) == 2"),
    "type_checking": Code(
        "decoder",
        own="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nowhere import Thing",
        use="assert not TYPE_CHECKING",
    ),
    "redefined_later": Code(
        "greedy",
        own="def limit(): return 1",
        top="def limit(): return 2",
        use="assert limit() == 2",
    ),
    "helper_at_the_very_end": Code("greedy", use="assert late() == 3", late="def late(): return 3"),
    "constant_at_the_very_end": Code("greedy", use="assert LATE == 3", late="LATE = max(2, 3)"),
    "letters_beyond_ascii": Code(
        "encoder",
        own=unicodedata.normalize("NFD", "größe = max(2, 3)"),
        use="assert größe == 3",
    ),
    "trial_in_the_tasks_cell": Code(
        "greedy", end="trial = Encoder(5, 2, 3, 1, 0.0, 0)\nassert trial is not None"
    ),
    "trial_with_the_toy": Code(
        "beam_search",
        top="from toy import EOS as STOP",
        end="print(beam_search(toy_model(), torch.tensor([[0]]), torch.tensor([1]), 2, 3))",
    ),
    "trial_with_the_corpus": Code(
        "greedy", top="lines = open('data/dev.tsv').readlines()", end="print(lines[0])"
    ),
    "trial_with_a_trained_model": Code("greedy", top="print(model)"),
    "timed_cell": Code("greedy", top="%%time\n"),
    "timed_and_captured": Code("greedy", top="%%capture out\n%%time\n"),
    "timed_line": Code("greedy", own="%time MOST = max(1, 2)", use="assert MOST == 2"),
    "magics_and_shell": Code(
        "encoder", top="%matplotlib inline\n!pip install torch\nfiles = !ls\n%env A=1"
    ),
    "shell_cell": Code("encoder", own="%%bash\nls -l | head\nfor i in 1 2; do echo $i; done"),
    "file_written_by_a_cell": Code("encoder", own="%%writefile helper.py\nthis is no Python"),
    "shell_of_ipython": Code(
        "decoder",
        own="from IPython import get_ipython\nif get_ipython():\n"
        "    get_ipython().run_line_magic('load_ext', 'autoreload')",
        top="get_ipython().run_line_magic('autoreload', '2')",
    ),
    "on_colab": Code(
        "encoder",
        own="from google.colab import drive\ndrive.mount('/content/drive')\n%cd /content/drive",
    ),
    "on_colab_in_the_tasks_cell": Code("encoder", top="from google.colab import drive\nimport sys"),
    "indented_as_pasted": Code(
        "greedy", own="    def half(x):\n        return x / 2\n", use="half(1)"
    ),
    "pasted_with_prompts": Code(
        "greedy", own=">>> def half(x):\n...     return x / 2\n...\n>>> TWO = 2", use="half(TWO)"
    ),
    "help_asked": Code("greedy", top="torch.argmax?\n?torch.max"),
    "training_of_ones_own": Code(
        "greedy", late="for epoch in range(10**9):\n    loss = train_step(model, epoch)"
    ),
    "names_given_another_meaning_later": Code(
        "greedy", late="sum = 0\nfor F in range(3):\n    sum += F\ntorch = nn = None"
    ),
    "endless_loop_of_ones_own": Code("decoder", own="while True:\n    pass"),
    "waits_for_input": Code("decoder", own="name = input()\nprint(name)"),
    "plots": Code(
        "greedy", own="fig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()\nsns.set_theme()"
    ),
}


# what a task needs and cannot have when graded
LEFT_OUT = {
    "reads_a_file": Code(
        "greedy",
        own="\nWORDS = open('data/train.tsv').read().split()",
        use="len(WORDS)",
        says=("`WORDS` will be missing when graded: line 2 of cell", "FileNotFoundError"),
    ),
    "imports_a_neighbour": Code(
        "greedy",
        own="from data.vocabulary import Vocabulary",
        use="Vocabulary",
        says=("`Vocabulary` will be missing when graded", "ModuleNotFoundError"),
    ),
    "uses_the_given_toy": Code(
        "greedy", use="EOS", says=("`EOS` will be missing", "line 1 of cell `toy`")
    ),
    "written_by_a_cell": Code(
        "greedy",
        own="%%writefile helper.py\ndef half(x): return x / 2",
        top="from helper import half",
        use="half(2)",
        says=("`half` will be missing", "line 1 of cell `greedy`", "No module named 'helper'"),
    ),
    "computes_for_ever": Code(
        "greedy",
        own="BEST = 0\nwhile True:\n    BEST += 1",
        use="BEST + 1",
        says=("`BEST` will be missing", "computes for more than 4 seconds;"),
    ),
}


def everything() -> bytes:
    """A notebook with all of `CODE` in it that can stand in one notebook."""
    tree = solved()
    # a decorator stands right above what it decorates
    for code in sorted(CODE.values(), key=lambda code: not code.top.startswith("@")):
        if not code.top.startswith("%%"):
            code.put_into(tree)
    return dumped(tree, ensure_ascii=True)


def environments() -> Iterator[Environment]:
    """All of them."""
    for name, data in (PROGRAMS | FILES).items():
        yield Environment(name, data)
    for name, (data, words) in ODD_FILES.items():
        yield Environment(name, data, (words,))
    for name, (change, says) in CELLS.items():
        yield Environment(
            name, _file(change, ensure_ascii=name == "surrogate"), says, same=name not in SPREAD
        )
    for name, code in CODE.items():
        yield Environment(name, code.data, code.says, code.task)
