"""The ways in which submissions are graded, and what can be seen of each afterwards."""

from __future__ import annotations

import contextlib
import csv
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from bs4 import BeautifulSoup

from .course import Course

MARKER = re.compile(rb"marker[0-9a-f]{12}")
LIMITS = {"load_seconds": 3, "call_seconds": 2, "processor_seconds": 30}
# whose feedback is made: of the others, what a page would hold is looked at in the notebook
READ = ("damaging", "showing", "stealing", "neighbour")
DOOR_SECONDS = 900.0  # for a whole class on a busy machine: it ended at all
SIGN = re.compile("handed in; nothing in this frame is said by the grader")
LARGE = 64 << 20  # bytes: no file of a grader's own is larger


@dataclass
class Door:
    """What one way of grading left behind."""

    marks: dict[str, float] = field(default_factory=dict)  # by student
    texts: dict[str, str] = field(default_factory=dict)  # all that tells about a student
    lines: dict[str, str] = field(default_factory=dict)  # of it, what a terminal shows
    pages: dict[str, str] = field(default_factory=dict)  # of it, what other programs render
    outside: dict[str, str] = field(default_factory=dict)  # of pages, what is in no frame
    planted: dict[str, list[Path]] = field(default_factory=dict)  # files with a marker, by student
    running: list[str] = field(default_factory=list)  # processes left
    said: str = ""  # on the terminal


def command_line(course: Course, students: list[str], *options: str) -> Door:
    """Grade all notebooks at once with `python -m autograder grade`."""
    notebooks = [str(course.folder(student) / course.notebook) for student in students]
    limits = [f"--limit={name}={value}" for name, value in LIMITS.items()]
    done = course.run(
        *("autograder", "grade", course.assignment, *notebooks, "--json=json", *limits, *options),
        seconds=DOOR_SECONDS,
    )
    door = Door(said=done.stdout + done.stderr)
    for student in students:
        told = "\n".join(line for line in door.said.splitlines() if f"/{student}/" in line)
        try:
            report = course.report(student).read_text(encoding="utf-8")
            door.marks[student] = float(json.loads(report)["points"])
        except (OSError, ValueError):
            report = ""
        door.texts[student] = told + report
        door.lines[student] = told
        door.pages[student] = ""
    _look(door, course)
    return door


def desk(course: Course, students: list[str]) -> Door:
    """Grade with nbgrader's own commands; what the command line graded is not graded again."""
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f"\nc.Judge.limits = {LIMITS}\n")
    said = []
    for command in (
        ("autograder", "source", course.assignment),
        (
            "nbgrader",
            "generate_assignment",
            course.assignment,
            "--force",
            "--ProveRelease.grading=False",
        ),
        ("nbgrader", "autograde", course.assignment),
        ("nbgrader", "export", "--to=grades.csv"),
    ):
        done = course.run(*command, seconds=DOOR_SECONDS)
        said.append(done.stdout + done.stderr)
    with ThreadPoolExecutor(2) as pool:
        said += pool.map(lambda family: _feedback(course, family), READ)
    door = Door(said="\n".join(said))
    table = (course.root / "grades.csv").read_text(encoding="utf-8")
    rows = {row["student_id"]: row for row in csv.DictReader(table.splitlines())}
    for student in students:
        path = course.root / "autograded" / student / course.assignment / course.notebook
        page = course.root / "feedback" / student / course.assignment / f"{course.assignment}.html"
        row = ",".join(str(value) for value in rows.get(student, {}).values())
        shown = page.read_text(encoding="utf-8") if page.is_file() else ""
        outputs = path.read_text(encoding="utf-8") if path.is_file() else ""
        if path.is_file() and (page.is_file() or not student.startswith(READ)):
            door.marks[student] = float(rows[student]["score"])
        told = "\n".join(line for line in door.said.splitlines() if f"/{student}/" in line)
        door.texts[student] = "\n".join([told, row, shown, outputs])
        door.lines[student] = told
        door.pages[student] = "\n".join([row, shown, *_rich(path)])
        door.outside[student] = without_frames(shown)
    _look(door, course)
    return door


def _feedback(course: Course, family: str) -> str:
    command = ("nbgrader", "generate_feedback", course.assignment, f"--student={family}-*")
    done = course.run(*command, seconds=DOOR_SECONDS)
    return done.stdout + done.stderr


def without_frames(page: str) -> str:
    """What a feedback page says that is not in a frame of what was handed in."""
    soup = BeautifulSoup(page, "html.parser")
    for sign in soup.find_all(string=SIGN):
        assert sign.parent is not None
        assert sign.parent.parent is not None
        if "style" in sign.parent.parent.attrs:  # no student can give one
            sign.parent.parent.decompose()
    return str(soup)


def _rich(path: Path) -> Iterator[str]:
    """What an autograded notebook's outputs hold that Jupyter renders as more than text."""
    if path.is_file():
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                yield from (str(v) for k, v in output.get("data", {}).items() if "plain" not in k)


def _look(door: Door, course: Course) -> None:
    """Look for what is left on disk and running."""
    students = {marker.encode(): name for name, marker in course.markers.items()}
    for path in _files(course):
        try:
            held = _planted_in(path) + bytes(path)
        except (FileNotFoundError, PermissionError):  # somebody else's, gone by now or closed to us
            continue
        for marker in set(MARKER.findall(held)):
            student = students.get(marker, "")
            own = any(part in (student, f"{student}.json") for part in path.parts)
            if student and not own:
                door.planted.setdefault(student, []).append(path)
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
        except psutil.Error:
            continue
        if str(course.root) in line or any(marker.decode() in line for marker in students):
            door.running.append(line)


def _planted_in(path: Path) -> bytes:
    """What a file holds; of a kept result, all but what messages of student code may say."""
    if path.parent.name != "results":
        return path.read_bytes()
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        for check in record["task"]["checks"]:
            del check["rationale"]
        del record["findings"]
        return json.dumps(record).encode()
    except (ValueError, KeyError, TypeError):  # not the grader's
        return path.read_bytes()


def _files(course: Course) -> Iterator[Path]:
    """Regular files of the course, and those near it that are newer than it."""
    born = (course.root / ".salt").stat().st_mtime
    near = [path for top in ("/tmp", "/dev/shm", str(Path.home())) for path in Path(top).glob("*")]
    for path in [*course.outside.rglob("*"), *near]:
        if path.is_symlink() or not path.is_file():
            continue
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            if status.st_size < LARGE and (
                path.is_relative_to(course.outside) or status.st_mtime > born
            ):
                yield path
