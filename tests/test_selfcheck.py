"""`check(...)` says all clear only if it is, and says what it says as people can read it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.validator import Validator

from autograder.assignment import Assignment
from autograder.notebook.lesson import grade_id, lesson_notebook
from checks.feedback import Feedback
from checks.printable import printable
from checks.verdicts import CheckResult, Verdict

from .handout import CHECKS, RIGHT, hand_out, in_ipython, in_pytest, in_python

CALL = 'from checks import check\ncheck("twice", globals())'
CLEAR = "twice: all 3 public checks pass. Hidden checks follow when it is graded."
STUB = 'def twice(x):\n    raise NotImplementedError("not written yet")'


# positive evidence


def nothing(folder: Path) -> None:
    """No change."""


def settings_above(folder: Path) -> None:
    """A course folder with settings of its own for pytest, which is a package too."""
    above = folder.parent
    (above / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\npython_files = x.py\n")
    (above / "pyproject.toml").write_text("[tool.pytest.ini_options]\nminversion = '99'\n")
    (above / "conftest.py").write_text("raise RuntimeError('not for us')\n")
    (above / "__init__.py").write_text("")


def test_data_beside_the_checks_is_handed_out_and_what_an_editor_leaves_is_not(
    tmp_path: Path,
) -> None:
    suite = tmp_path / "suite" / "small"
    suite.mkdir(parents=True)
    for name in ("numbers.json", ".test_twice.py.swp", "notes~"):
        (suite / name).write_text("[1, 2]")
    folder = hand_out(tmp_path / "small")
    own = {path.name for path in (folder / "checks" / "small").iterdir()}
    assert own == {"__init__.py", "probes.py", "test_twice.py", "numbers.json"}


def files_of_other_names(folder: Path) -> None:
    """Modules of the student's, named like ours and like Python's."""
    for name in ("checks", "probes", "plugin", "steps", "conftest", "test_twice", "statistics"):
        (folder / f"{name}.py").write_text("raise RuntimeError('not this one')\n")


@pytest.mark.parametrize(
    "name",
    ["handed out", "leçon", "seq2seq (1)", "a[1]", "a[b", "a::b", "class", "été[2]::x", "-c", "@x"],
)
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = hand_out(tmp_path / name)
    assert in_python(folder, f"{RIGHT}\n{CALL}").stdout.strip() == CLEAR
    assert "not written yet" in in_python(folder, f"{STUB}\n{CALL}").stderr
    assert "3 passed" in in_pytest(folder, "-q").stdout


@pytest.mark.parametrize("change", [nothing, settings_above, files_of_other_names])
def test_what_lies_around_the_checks_changes_nothing(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = hand_out(tmp_path / "small")
    change(folder)
    assert in_python(folder, f"{RIGHT}\n{CALL}").stdout.strip() == CLEAR


@pytest.mark.parametrize("change", [settings_above, files_of_other_names])
def test_what_lies_around_the_notebook_changes_plain_pytest_no_more(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = hand_out(tmp_path / "small")
    change(folder)
    (folder / "conftest.py").unlink(missing_ok=True)  # pytest is told there what to do
    done = in_pytest(folder, "-q")
    assert done.code == 0
    assert CLEAR in done.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PYTEST_ADDOPTS", "--no-such-option -k nothing"),
        ("PYTEST_PLUGINS", "no_such_plugin"),
        ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", ""),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ],
)
def test_variables_of_the_student_change_nothing(tmp_path: Path, variable: str, value: str) -> None:
    folder = hand_out(tmp_path / "small")
    assert (
        in_python(folder, f"{RIGHT}\n{CALL}", variables={variable: value}).stdout.strip() == CLEAR
    )


@pytest.mark.parametrize("option", ["-OO", "-Werror", "-I"])
def test_options_of_python_change_nothing(tmp_path: Path, option: str) -> None:
    folder = hand_out(tmp_path / "small")
    program = f"import sys\nsys.path.insert(0, {str(folder)!r})\n{RIGHT}\n{CALL}"
    command = [sys.executable, option, "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == CLEAR


def test_the_checks_run_from_another_folder(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small")
    assert in_python(folder, f"{RIGHT}\n{CALL}", cwd=tmp_path).stdout.strip() == CLEAR


OTHER_SYSTEM = """
import builtins, io, os, signal, sys
os.devnull = "nul"
for name in ("SIGALRM", "setitimer", "getitimer", "alarm"):
    delattr(signal, name)
for name in ("resource", "fcntl", "termios", "pwd", "grp"):
    sys.modules[name] = None
def without(function):
    def wrapped(path, *args, **kwargs):
        if str(path).startswith("/dev"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return function(path, *args, **kwargs)
    return wrapped
os.stat, os.open, builtins.open = without(os.stat), without(os.open), without(open)
io.open = builtins.open
"""


def test_the_checks_run_where_there_are_no_devices_alarms_or_limits(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small")
    good = in_python(folder, f"{OTHER_SYSTEM}\n{RIGHT}\n{CALL}", encoding="cp1252")
    assert good.stdout.strip() == CLEAR
    bad = in_python(folder, f"{OTHER_SYSTEM}\n{STUB}\n{CALL}", encoding="cp1252")
    assert "twice: 0 of 3 public checks pass" in bad.stderr
    assert "public checks pass" not in bad.stdout


def without_settings(checks: Path) -> None:
    """Pytest does not start."""
    (checks / "settings.ini").unlink()


def unreadable(checks: Path) -> None:
    """A download that broke off."""
    (checks / "small" / "test_twice.py").write_text("def test_answers(:")


def emptied(checks: Path) -> None:
    """A file without checks."""
    (checks / "small" / "test_twice.py").write_text("")


def renamed(checks: Path) -> None:
    """Pytest collects other names than the file declares."""
    text = CHECKS + "\ndel test_doubles\n"
    (checks / "small" / "test_twice.py").write_text(text)


def doubled(checks: Path) -> None:
    """Of two checks of one name Python keeps the second."""
    text = CHECKS + "\ndef test_answers(student): pass\n"
    (checks / "small" / "test_twice.py").write_text(text)


def skipped(checks: Path) -> None:
    """Pytest is told to try nothing."""
    text = "import pytest\npytest.skip('no', allow_module_level=True)\n"
    (checks / "small" / "test_twice.py").write_text(text + CHECKS)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (without_settings, "settings.ini"),
        (unreadable, "invalid syntax"),
        (emptied, "there are no checks"),
        (renamed, "twice/doubles was not found"),
        (doubled, "twice/answers"),
        (skipped, "not found"),
    ],
)
def test_checks_that_cannot_run_are_no_all_clear(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    folder = hand_out(tmp_path / "small")
    harm(folder / "checks")
    done = in_python(folder, f"{RIGHT}\n{CALL}")
    assert "twice: the checks could not run: " in done.stderr
    assert words in done.stderr
    assert "pass" not in done.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import pytest\ndef twice(x):\n    pytest.exit('done', 0)",
        "import pytest\ndef twice(x):\n    pytest.skip('not now')",
        "import pytest\ndef twice(x):\n    pytest.xfail('not now')",
        "def twice(x):\n    raise GeneratorExit",
        "def twice(x):\n    raise SystemExit(0)",
    ],
)
def test_no_exception_of_the_students_is_an_all_clear(tmp_path: Path, code: str) -> None:
    done = in_python(hand_out(tmp_path / "small"), f"{code}\n{CALL}")
    assert "twice: 0 of 3 public checks pass" in done.stderr
    assert "crashed: your code raised" in done.stderr


def test_a_missing_package_is_told_in_one_sentence(tmp_path: Path) -> None:
    missing = "import sys\nsys.modules['pytest'] = None"
    said = in_ipython(hand_out(tmp_path / "small"), missing, RIGHT, CALL).stdout
    assert "the package `pytest` is not installed where this notebook runs" in said
    assert "Traceback" not in said


# endless loops and interrupts

SHORT = "import checks.selfcheck\nchecks.selfcheck.SECONDS = 0.3"
NO_ALARMS = "import signal\ndel signal.SIGALRM, signal.setitimer"
LOOPS = [
    "def twice(x):\n    while True: x += 1",
    "def twice(x):\n    while True:\n        try:\n            x += 1\n        except Exception:\n"
    "            pass",
    "def twice(x):\n    for _ in range(3):\n        try:\n            while True:\n"
    "                x += 1\n        except:\n            pass",
]


@pytest.mark.parametrize("system", ["", NO_ALARMS], ids=["alarms", "threads"])
@pytest.mark.parametrize("code", LOOPS, ids=["plain", "catches", "catches all"])
def test_an_endless_loop_is_ended_and_its_line_is_told(
    tmp_path: Path, code: str, system: str
) -> None:
    said = in_ipython(hand_out(tmp_path / "small"), system, SHORT, code, CALL).stdout
    if "except:" in code:  # three times caught, it goes on: then no number comes back
        assert "twice: 0 of 3 public checks pass" in said
        return
    assert "timed out: no answer within 0.3 seconds; it was stopped at line" in said
    assert re.search(r"of your cell \(`(while True|x \+= 1|try:|except|pass)", said)
    assert "Traceback" not in said


def test_after_two_checks_out_of_time_the_rest_is_not_tried(tmp_path: Path) -> None:
    checks = CHECKS.replace('needs=["answers"]', "").replace('needs=["doubles"]', "")
    folder = hand_out(tmp_path / "small", checks=checks)
    said = in_ipython(folder, SHORT, LOOPS[0], CALL).stdout
    assert said.count("no answer within") == 1
    assert "The same happens in 1 check" in said
    assert "1 check, not tried: earlier checks of this task ran out of time or memory" in said


def test_an_interrupt_ends_the_check_and_shows_the_students_own_line(tmp_path: Path) -> None:
    code = "def twice(x):\n    while True:\n        raise KeyboardInterrupt  # the stop button"
    said = in_ipython(hand_out(tmp_path / "small"), code, CALL, "print('still here')").stdout
    assert "twice: stopped at line 3 of your cell (`raise KeyboardInterrupt" in said
    assert "Traceback" not in said
    assert "selfcheck" not in said
    assert said.rstrip().endswith("still here")


def test_the_time_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    after = (
        "import signal, threading\n"
        "print(signal.getitimer(signal.ITIMER_REAL), signal.getsignal(signal.SIGALRM).name)\n"
        "print([thread for thread in threading.enumerate() if thread.name == 'time limit'])"
    )
    said = in_ipython(hand_out(tmp_path / "small"), RIGHT, CALL, after).stdout
    assert CLEAR in said
    assert said.rstrip().endswith("(0.0, 0.0) SIG_DFL\n[]")


# what is shown

S = "You return a number."


def result(name: str, verdict: Verdict, rationale: str = "", help: str = "") -> CheckResult:
    """One result, with a sentence of its own."""
    return CheckResult(f"twice/{name}", f"You do {name}.", 1.0, verdict, True, rationale, help)


MIXED = Feedback(
    "twice",
    [
        result("one", Verdict.PASSED),
        result("two", Verdict.CRASHED, "your code raised E: <script>alert(1)</script>", "see <b>"),
        result(
            "three", Verdict.CRASHED, "your code raised E: <script>alert(1)</script>", "see <b>"
        ),
        result("four", Verdict.SKIPPED, "tried once this holds: You do two."),
        result("five", Verdict.WRONG, "a & b\nsecond line"),
    ],
)


def test_the_first_thing_to_do_comes_first_and_what_follows_is_folded() -> None:
    assert MIXED.text.splitlines() == [
        "twice: 1 of 5 public checks pass",
        "  ✗ You do two.",
        "      crashed: your code raised E: <script>alert(1)</script>",
        "      Look here first: see <b>",
        "      The same happens in 1 check:",
        "        ✗ You do three.",
        "  ✗ You do five.",
        "      a & b second line",
        "  – 1 check, tried once this holds: You do two.",
        "      – You do four.",
        "  ✓ 1 check passed:",
        "      ✓ You do one.",
    ]


class Page(HTMLParser):
    """The tags and the visible text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.folded = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close it."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text, folded or not."""
        if "details" in self.open and "summary" not in self.open:
            self.folded += data
        else:
            self.text += data


def test_the_page_shows_what_the_text_shows_and_nothing_in_it_runs() -> None:
    page = Page(MIXED.html)
    assert page.open == []
    assert set(page.tags) <= {"div", "b", "span", "details", "summary"}
    assert "<script>alert(1)</script>" in page.text
    assert page.text.index("You do two.") < page.text.index("You do five.")
    assert [name in page.folded for name in ("one", "three", "four")] == [True] * 3
    assert [name in page.folded for name in ("do two", "do five")] == [False] * 2


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_signs_can_be_read_on_light_and_dark_pages() -> None:
    backgrounds = set(re.findall(r"background:(#\w{6});color:#fff", MIXED.html))
    assert len(backgrounds) == 3
    for colour in backgrounds:
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5
    # all other text has the colour of the page around it
    assert len(re.findall(r"[; \"]color:", MIXED.html)) == MIXED.html.count("background:")


def test_a_terminal_without_our_signs_gets_others() -> None:
    class Narrow:
        encoding = "cp1252"

    text = printable(MIXED.text, Narrow())
    text.encode("cp1252")
    assert "  x You do two." in text
    assert "  + 1 check passed:" in text
    assert printable("é ✓", Narrow()) == "é +"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "ascii"])
def test_a_failure_is_told_in_any_terminal(tmp_path: Path, encoding: str) -> None:
    folder = hand_out(tmp_path / "small")
    told = in_python(folder, f"{STUB}\n{CALL}", encoding=encoding)
    assert "twice: 0 of 3 public checks pass" in told.stderr
    assert "UnicodeEncodeError" not in told.stderr
    shown = in_ipython(folder, STUB, CALL, encoding=encoding)
    assert "twice: 0 of 3 public checks pass" in shown.stdout
    assert "UnicodeEncodeError" not in shown.stdout + shown.stderr


def test_in_a_notebook_the_exception_is_one_line_below_the_page(tmp_path: Path) -> None:
    said = in_ipython(hand_out(tmp_path / "small"), STUB, CALL).stdout.splitlines()
    assert said[-1] == "twice: 0 of 3 public checks pass; see above what to do first"
    assert not [line for line in said if "Traceback" in line or "File " in line]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def twice(x):\n    return y", "misspelt"),
        ("def twice():\n    return 1", "signature in the contract"),
        ("def twice(x):\n    return [1, 2][x + 5]", "is x a number?"),
        ("def twice(x):\n    return None + x", "is a `return` missing"),
    ],
)
def test_the_help_of_a_crash_fits_it(tmp_path: Path, code: str, words: str) -> None:
    said = in_ipython(hand_out(tmp_path / "small"), code, CALL).stdout
    (line,) = (line for line in said.splitlines() if "Look here first" in line)
    assert words in line


def test_a_crash_shows_the_line_of_the_cell(tmp_path: Path) -> None:
    code = "%%time\ndef half(x):\n    return x / 0\ndef twice(x):\n    return half(x)"
    for cell in (code, code.removeprefix("%%time\n")):
        said = in_ipython(hand_out(tmp_path / str(len(cell)) / "small"), cell, CALL).stdout
        assert "ZeroDivisionError at line 2 of your cell" in said


# definitions of cells that have failed since: test_runs.py has the rest


def test_a_cell_that_failed_after_a_good_run_is_no_all_clear(tmp_path: Path) -> None:
    said = in_ipython(
        hand_out(tmp_path / "small"),
        "from checks import check",
        (RIGHT, "twice"),
        ('check("twice", globals())', "t"),
        (RIGHT.replace(":", ""), "twice"),
        ('check("twice", globals())', "t"),
    ).stdout
    clear, _, after = said.partition("SyntaxError")
    assert CLEAR in clear
    assert "your last run of this cell failed; what is checked is an older version" in after
    assert "public checks pass" not in after


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ('check("Twice", globals())', "no task 'Twice'; the tasks are twice"),
        ('check("twice")', 'write check("twice", globals())'),
    ],
)
def test_a_misspelt_call_is_told_in_a_line(tmp_path: Path, call: str, words: str) -> None:
    said = in_ipython(hand_out(tmp_path / "small"), "from checks import check", call).stdout
    assert words in said
    assert "Traceback" not in said


# names that will not be there when it is graded: test_cells.py has the rest

READS = "FACTOR = int(open('factor.txt').read())"
USES_FACTOR = "def twice(x):\n    return FACTOR * x"


def test_what_will_be_missing_when_graded_is_no_all_clear(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small")
    (folder / "factor.txt").write_text("2")
    said = in_ipython(folder, READS, USES_FACTOR, CALL).stdout
    assert CLEAR not in said
    assert "all 3 public checks pass here, but not when graded" in said
    assert "`FACTOR` will be missing when graded: line 1 of cell `run 1` makes it" in said


@pytest.mark.parametrize(
    "own", ["FACTOR = 2", "if True:\n    FACTOR = 2", "for FACTOR in [2]: pass"]
)
def test_what_will_be_there_when_graded_is_all_clear(tmp_path: Path, own: str) -> None:
    assert CLEAR in in_ipython(hand_out(tmp_path / "small"), own, USES_FACTOR, CALL).stdout


# the notebook itself

LESSON = {
    grade_id(cell) or f"number {index}": cell.source
    for index, cell in enumerate(lesson_notebook(Assignment("seq2seq").lesson).cells)
    if cell.cell_type == "code"
}


def nothing_beside(folder: Path) -> None:
    """Only the notebook came."""


def another_checks(folder: Path) -> None:
    """Another package of that name is installed."""
    (folder / "checks.py").write_text("")


# students have no package `checks` but the one in their folder; here this repository is installed
NOT_INSTALLED = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in repr(finder)]
"""


@pytest.mark.parametrize("beside", [nothing_beside, another_checks])
def test_a_notebook_without_its_folder_says_what_is_missing_and_where_it_is(
    tmp_path: Path, beside: Callable[[Path], None]
) -> None:
    beside(tmp_path)
    (experiments,) = (code for code in LESSON.values() if "from training import" in code)
    for cell in (LESSON["toy"], LESSON["test_encoder"], experiments):
        given = [NOT_INSTALLED, LESSON["setup"], "skip_experiments = False", LESSON["checks"], cell]
        said = in_ipython(tmp_path, *given).stdout
        sentences = re.findall(
            r"^`\w+` is not in .*: this notebook works in the folder", said, re.M
        )
        assert len(sentences) == 2
        assert "Get the whole folder from where you got the notebook" in said
        assert "Traceback" not in said


def test_the_notebook_knows_all_that_belongs_beside_it() -> None:
    home = Assignment("seq2seq").lesson.parent
    beside = {path.stem for path in home.glob("*.py")} | {"checks", "data"}
    named = re.search(r"BESIDE = (\{.*?\})", LESSON["checks"], re.S)
    assert named is not None
    imported = {
        name.partition(".")[0]
        for code in [*LESSON.values(), *(path.read_text() for path in home.glob("*.py"))]
        for name in re.findall(r"^ *(?:from|import) ([\w.]+)", code, re.M)
    }
    assert ast.literal_eval(named[1]) == imported & beside


def notebook_of(folder: Path, code: str) -> Path:
    """A notebook with an answer, its check as a release has it, and a cell below."""
    source = folder.parent / "lesson.py"
    marks = '"grade": true, "locked": true, "points": 5'
    source.write_text(
        f"# %%\nfrom checks import check\n\n# %%\n{code}\n\n"
        f'# %% nbgrader={{"grade_id": "test_twice", {marks}}}\ncheck("twice", globals())\n\n'
        '# %%\nprint("went on")\n'
    )
    path = folder / "small.ipynb"
    nbformat.write(lesson_notebook(source), path)
    return path


def test_in_a_kernel_a_failed_check_is_a_page_and_run_all_goes_on(tmp_path: Path) -> None:
    path = notebook_of(hand_out(tmp_path / "small"), STUB)
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    page, error = notebook.cells[2].outputs
    assert page.data["text/html"].startswith("<div")
    assert page.data["text/plain"].startswith("twice: 0 of 3 public checks pass")
    assert error.output_type == "error"
    assert len(error.traceback) == 1
    assert notebook.cells[3].outputs[0].text == "went on\n"


@pytest.mark.parametrize(("code", "failed"), [(RIGHT, 0), (STUB, 1)])
def test_nbgrader_validate_sees_what_failed(tmp_path: Path, code: str, failed: int) -> None:
    path = notebook_of(hand_out(tmp_path / "small"), code)
    found = Validator().validate(str(path))
    assert len(found.get("failed", [])) == failed
    if failed:
        assert "twice: 0 of 3 public checks pass" in str(found["failed"])


# plain pytest


def test_plain_pytest_says_what_the_notebook_says(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small", STUB)
    done = in_pytest(folder, "-q")
    assert done.code == 1
    assert "twice: 0 of 3 public checks pass" in done.stdout
    assert "✗ You return a number." in done.stdout
    assert "– 1 check, tried once this holds: You return a number." in done.stdout


def test_plain_pytest_ends_an_endless_loop(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small", LOOPS[0])
    text = (folder / "checks/selfcheck.py").read_text()
    (folder / "checks/selfcheck.py").write_text(text.replace("SECONDS = 30.0", "SECONDS = 0.3"))
    assert "timed out: no answer within 0.3 seconds" in in_pytest(folder, "-q").stdout


def second(folder: Path) -> None:
    """A browser's second download."""
    shutil.copy(folder / "small.ipynb", folder / "small (1).ipynb")


def absent(folder: Path) -> None:
    """The notebook went elsewhere."""
    (folder / "small.ipynb").unlink()


def cut_off(folder: Path) -> None:
    """Half a notebook."""
    text = (folder / "small.ipynb").read_text()
    (folder / "small.ipynb").write_text(text[: len(text) // 2])


def no_notebook(folder: Path) -> None:
    """JSON, but something else."""
    (folder / "small.ipynb").write_text('{"worksheets": []}')


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (second, "2 notebooks lie beside `checks`: 'small (1).ipynb', 'small.ipynb'"),
        (absent, "no notebook lies beside `checks`"),
        (cut_off, "'small.ipynb' is not a readable notebook (no JSON at line"),
        (no_notebook, "'small.ipynb' is not a readable notebook (it has no list of cells"),
    ],
)
def test_plain_pytest_names_what_is_wrong_with_the_notebook_in_one_sentence(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    folder = hand_out(tmp_path / "small")
    harm(folder)
    done = in_pytest(folder, "-q")
    assert done.code != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_plain_pytest_reads_past_checkpoints_and_a_byte_order_mark(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small")
    text = (folder / "small.ipynb").read_text()
    (folder / "small.ipynb").write_text(text, encoding="utf-8-sig")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints/small-checkpoint.ipynb").write_text(text)
    assert "3 passed" in in_pytest(folder, "-q").stdout


@pytest.mark.parametrize("harm", [renamed, doubled, unreadable])
def test_plain_pytest_is_no_all_clear_either(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    folder = hand_out(tmp_path / "small")
    harm(folder / "checks")
    done = in_pytest(folder, "-q")
    assert done.code != 0
    assert "the checks could not all run" in done.stdout


def test_of_plain_pytest_one_may_choose_a_folder(tmp_path: Path) -> None:
    folder = hand_out(tmp_path / "small")
    own = folder / "checks" / "small" / "thrice"
    own.mkdir()
    (own / "__init__.py").write_text("")
    shutil.copy(own.parent / "test_twice.py", own / "test_thrice.py")
    done = in_pytest(folder, "-q", "checks/small/thrice")
    assert done.code == 0
    assert "thrice: all 3 public checks pass" in done.stdout
    assert "twice" not in done.stdout
    assert "could not" not in done.stdout


def test_of_plain_pytest_one_may_choose_a_check(tmp_path: Path) -> None:
    done = in_pytest(hand_out(tmp_path / "small"), "-q", "-k", "answers")
    assert done.code == 0
    assert "twice: all 1 public checks pass" in done.stdout
