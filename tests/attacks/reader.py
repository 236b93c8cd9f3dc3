"""A reader without care, in tests only: it trusts a submitted folder in every way one can.

It opens what has the notebook's name, wants it as it was released, believes the points and outputs
in it and whatever results lie beside it, runs its cells and pytest where it lies, copies the folder
with its links, and puts all it read into a page, a table and a log as it is. Every step is tried:
a step that fails is a crash, and the next one follows.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from autograder.assignment import Assignment
from autograder.notebook.lesson import grade_id, is_solution

from .catalogue import ASSIGNMENT, FILES, NOTEBOOK, Entry, Places, entries
from .course import SOLVED, Course, word

SOON, LATE = 2.0, 60.0  # seconds for attacks on the reader's time, and for all others
CODE_FILES = {".py", ".ini", ".toml", ".cfg", ".pth"}  # with one of these, pytest is run
MEMORY = 1 << 30  # characters of a page
CRASH = "crash"
NOTHING = Entry(  # gains nothing, or all is vain
    "nobody",
    "untouched_folder",
    "import nbformat\n\ndef attack(folder, release, marker):\n"
    "    nbformat.write(release, folder / 'seq2seq.ipynb')\n",
)


@dataclass
class Reading:
    """What comes of reading one submission."""

    folder: Path
    place: Path  # the reader's own
    points: float = 0.0
    page: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def steps(self) -> Iterator[Callable[[], None]]:
        """All that is done with a submission."""
        yield from (self.parse, self.believe, self.run, self.copy, self.render, self.save)
        yield from (self.rewrite, self.list_files, self.read_time, self.run_pytest)

    def parse(self) -> None:
        """Want each cell where the release has it."""
        self.notebook()
        tree = json.loads((self.folder / NOTEBOOK).read_text(encoding="utf-8"))
        released = [cell for cell in self.release().cells if grade_id(cell)]
        given = [cell for cell in tree["cells"] if "nbgrader" in cell["metadata"]]
        for cell, wanted in zip(given, released, strict=True):
            if cell["metadata"]["nbgrader"]["grade_id"] != grade_id(wanted):
                raise KeyError(grade_id(wanted))
            if cell["cell_type"] == "code":
                "".join(cell["source"]), list(cell["outputs"])
        if tree["metadata"]["kernelspec"]["name"] != "python3":
            raise LookupError("no such kernel")

    def believe(self) -> None:
        """Take the points from the submission: from outputs, answers and results handed in."""
        solutions = {cell.source for cell in Assignment(ASSIGNMENT).source.cells if grade_id(cell)}
        solutions -= {cell.source for cell in self.release().cells}
        for path in self.folder.glob("*.ipynb"):
            points = 0.0
            for cell in json.loads(path.read_text())["cells"]:
                source = "".join(cell["source"])
                points += source in solutions
                if cell["metadata"].get("nbgrader", {}).get("grade"):
                    for output in cell.get("outputs", []):
                        points += float("".join(output["data"]["text/plain"]))
            self.points = max(self.points, points)
        for path in self.folder.glob("*.json"):
            self.points = max(self.points, json.loads(path.read_text())["points"])

    def run(self) -> None:
        """Run the cells that were worked on, and the test cells, with the folder's own modules."""
        released = {cell.source for cell in self.release().cells}
        sys.path.insert(0, str(self.folder))
        for cell in self.notebook().cells:
            if is_solution(cell) and cell.source not in released:
                names: dict[str, Any] = {}
                try:
                    exec(cell.source, names)
                    names.get("Encoder", dict)()
                except Exception as error:
                    self.page.append(f"{type(error).__name__}: \n{error}\n")
            test_cell = cell.source in released and cell.source.startswith("check(")
            if test_cell and (self.folder / "checks").exists():
                with contextlib.suppress(ImportError):
                    for name in [name for name in sys.modules if name.split(".")[0] == "checks"]:
                        del sys.modules[name]  # the grader's own, which this process knows already
                    names = {}
                    exec("from checks import check", names)
                    self.points += float(eval(cell.source, names) or 0)

    def copy(self) -> None:
        """Copy what lies beside the notebook, and show it."""
        copied = self.place / "copy"
        shutil.copytree(self.folder, copied)
        for path in copied.rglob("*.txt"):
            self.page.append(path.read_text())

    def render(self) -> None:
        """Make a page and a row of a table."""
        notebook = self.notebook()
        authors = notebook.metadata.get("authors", [])
        self.page.append(",".join([*(author["name"] for author in authors), str(self.points)]))
        for cell in notebook.cells:
            is_text = cell.cell_type == "markdown"
            self.page.append(markdown(cell.source) if is_text else f"<pre>{cell.source}</pre>")
            for name in re.findall(r"\(attachment:(.*?)\)", cell.source):
                self.page.append(cell["attachments"][name].get("image/png", ""))
                if sum(map(len, self.page)) > MEMORY:
                    raise MemoryError  # here, and not where all is put together
            kinds = [data for name in cell.get("attachments", {}).values() for data in [name]]
            for output in cell.get("outputs", []):
                self.page.append(output.get("text", ""))
                kinds.append(output.get("data", {}))
            for kind, text in ((k, t) for data in kinds for k, t in data.items()):
                picture = f'<img src="data:{kind};base64,{text}">'
                self.page.append(picture if "image" in kind and "<svg" not in text else text)

    def save(self) -> None:
        """Write the notebook as it was read."""
        nbformat.write(self.notebook(), self.place / "saved.ipynb")

    def rewrite(self) -> None:
        """Rewrite magics as IPython does."""
        manager = TransformerManager()
        for cell in self.notebook().cells:
            for sign in "%!?":
                re.search(rf"^\s*{re.escape(sign)}", cell.source, re.MULTILINE)
            if cell.cell_type == "code":
                manager.transform_cell(cell.source)

    def list_files(self) -> None:
        """List what was handed in."""
        (self.place / "files.txt").write_text("\n".join(os.listdir(self.folder)), encoding="utf-8")

    def read_time(self) -> None:
        """Believe when it says it was handed in."""
        stamp = self.folder / "timestamp.txt"
        if stamp.is_file():
            datetime.strptime(stamp.read_text().strip(), "%Y-%m-%d %H:%M:%S %Z")
            self.page.append(stamp.read_text())

    def run_pytest(self) -> None:
        """Run pytest where the submission lies."""
        if any(path.suffix in CODE_FILES for path in self.folder.iterdir()):
            subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(self.folder)},
                capture_output=True,
                check=False,
            )

    def notebook(self) -> Any:
        """The notebook, as whatever has its name."""
        return nbformat.read(self.folder / NOTEBOOK, as_version=4)

    def release(self) -> Any:
        """The notebook students were given."""
        return nbformat.read(Assignment(ASSIGNMENT).release / NOTEBOOK, as_version=4)


def markdown(text: str) -> str:
    """Markdown with links, pictures and quotations; HTML in it stays."""
    text = re.sub(r"!\[(.*?)\]\((.*?)\)", r'<img alt="\1" src="\2">', text)
    text = re.sub(r"\[(.*?)\]\((.*)\)", r'<a href="\2">\1</a>', text)
    quoted = re.search(r"^>(.*)$", text, re.MULTILINE)
    return f"{text[: quoted.start()]}<q>{markdown(quoted[1])}</q>" if quoted else text


def gains(course: Course) -> dict[str, set[str]]:
    """What each attack of the families damaging and showing gains.

    Raises:
        RuntimeError: the reader as a whole came to an end.
    """
    done = course.run("tests.attacks.reader", str(course.outside), course.secret)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return {name: set(made) for name, made in json.loads(done.stdout).items()}


def main() -> None:
    """Hand in each attack, read it, write what each gained."""
    work, secret = Path(sys.argv[1]), sys.argv[2]
    output = os.dup(1)
    os.dup2(2, 1)
    made = {entry.id: sorted(_gained(entry, work, secret)) for entry in [*entries(*FILES), NOTHING]}
    os.write(output, json.dumps(made).encode())


def _gained(entry: Entry, work: Path, secret: str) -> set[str]:
    root = Path.cwd()
    place = work / "naive" / entry.id
    place.mkdir(parents=True)
    places = Places(
        marker=word("marker"),
        secret_file=str(work / "secret.txt"),
        gradebook=str(place / "gradebook.db"),
        neighbour=str(root / "submitted" / SOLVED / ASSIGNMENT / NOTEBOOK),
        repository=str(root),
        results=str(place / "results.json"),
    )
    folder = root / "submitted" / entry.id / ASSIGNMENT
    reading = Reading(folder, place)
    entry.hand_in(folder, reading.release(), places)
    process = os.fork()
    if process == 0:
        _read(reading)
    if not _ends(process, SOON if entry.pays in ("crash", "time") else LATE):
        return {CRASH, "time"}
    found = json.loads((place / "reading.json").read_text())
    never = entry.never(places.marker) + entry.apart(places.marker)
    shown = all(text in found["page"] for text in never) if never else secret in found["page"]
    files = [path for path in place.glob("gradebook*") if places.marker in path.read_text()]
    answers = {
        CRASH: bool(found["crashes"]),
        "mark": found["points"] > entry.honest,
        "shown": shown,
        "file": bool(files),
    }
    return {gain for gain, is_made in answers.items() if is_made}


def _read(reading: Reading) -> NoReturn:
    """Try all steps; keep what came of them."""
    sys.stdout = sys.stderr = io.StringIO()
    os.setsid()
    for step in reading.steps():
        try:
            step()
        except BaseException as error:
            reading.crashes.append(f"{step.__name__}: {type(error).__name__}")
    record = {
        "points": reading.points,
        "page": "\n".join(reading.page),
        "crashes": reading.crashes,
    }
    (reading.place / "reading.json").write_text(json.dumps(record))
    os._exit(0)


def _ends(process: int, seconds: float) -> bool:
    """Wait for a process; end it when it is late."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitpid(process, os.WNOHANG)[0]:
            return True
        time.sleep(0.005)
    os.kill(process, 9)
    os.waitpid(process, 0)
    return False


if __name__ == "__main__":
    main()
