"""The attacks of the catalogue, through each door, and where nothing is protected."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from _pytest.mark import ParameterSet

from autograder.assignment import Assignment

from .attacks import doors, reader, weak
from .attacks.catalogue import ASSIGNMENT, CELLS, FILES, GAINS, NOTEBOOK, Entry, entries
from .attacks.course import SOLVED, UNTOUCHED, Course
from .attacks.doors import Door

ENTRIES = entries()
TASKS = {task.key: task.points for task in Assignment(ASSIGNMENT).graded_tasks}
ALL = sum(TASKS.values())
AT_LEAST = {"forging": 15, "stealing": 15, "harming": 12, "damaging": 12, "showing": 6}
DOORS = ["command_line", "desk", *(["device"] if torch.cuda.is_available() else [])]
SLACK = 0.01  # points: marks are rounded
SHARE = 6  # one in so many of each family is tried always, the others where everything is


def params(chosen: Iterable[Entry]) -> list[ParameterSet]:
    """Attacks as parameters of a test."""
    always = {one for family in CELLS + FILES for one in entries(family)[::SHARE]}
    marks: dict[bool, Any] = {True: (), False: pytest.mark.long}
    return [pytest.param(one, id=one.id, marks=marks[one in always]) for one in chosen]


def asked_for(request: pytest.FixtureRequest) -> list[Entry]:
    """The attacks that any chosen test of this file is about."""
    called = [getattr(item, "callspec", None) for item in request.session.items]
    found = {call.params.get("entry") for call in called if call is not None}
    return [entry for entry in ENTRIES if entry in found]


def honest_mark(entry: Entry) -> float:
    """What the submission deserves."""
    return entry.honest * (TASKS[entry.cell] if entry.family in CELLS else ALL)


def can_be_named(course: Course, student: str) -> bool:
    """Whether a person could name the notebook on a command line: it is there, and no folder."""
    notebook = course.folder(student) / NOTEBOOK
    return os.path.lexists(notebook) and not (notebook.is_dir() and not notebook.is_symlink())


@dataclass
class Class:
    """The course, graded through both doors."""

    course: Course
    command_line: Door
    desk: Door
    device: Door | None  # the command line once more, with a GPU let in
    neighbours: dict[str, bytes]  # notebooks before the grading


@pytest.fixture(scope="module")
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """The attacks and two honest neighbours, graded once through each door."""
    course = Course(tmp_path_factory.mktemp("attacked"), ASSIGNMENT)
    attacks = asked_for(request)
    for entry in attacks:
        course.hand_in(entry)
    honest = {name: (course.folder(name) / NOTEBOOK).read_bytes() for name in (SOLVED, UNTOUCHED)}
    everyone = [SOLVED, *(entry.id for entry in attacks), UNTOUCHED]
    readable = [name for name in everyone if can_be_named(course, name)]
    command_line = doors.command_line(course, readable)
    device = doors.command_line(course, readable, "--device=cuda") if "device" in DOORS else None
    return Class(course, command_line, doors.desk(course, everyone), device, honest)


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, graded: Class) -> Door:
    """Each door in turn."""
    chosen: Door = getattr(graded, request.param)
    return chosen


def each(*families: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test once for every attack."""
    chosen = [entry for entry in ENTRIES if not families or entry.family in families]
    return pytest.mark.parametrize("entry", params(chosen))


@each()
def test_an_attack_says_what_it_wants(entry: Entry) -> None:
    assert entry.aim
    assert entry.pays in GAINS
    assert entry.cell in TASKS
    assert 0 <= entry.honest <= 1


def test_there_are_enough_of_every_family() -> None:
    counted = Counter(entry.family for entry in ENTRIES)
    assert {name: counted[name] for name in AT_LEAST if counted[name] < AT_LEAST[name]} == {}
    assert counted.total() >= 60


@each()
def test_the_mark_is_not_above_the_honest_one(entry: Entry, door: Door) -> None:
    assert door.marks.get(entry.id, 0.0) <= honest_mark(entry) + SLACK


@each()
def test_no_secret_is_shown(entry: Entry, door: Door, graded: Class) -> None:
    assert graded.course.secret not in door.texts.get(entry.id, "")


def shown_that_acts(entry: Entry, door: Door, marker: str) -> list[str]:
    """What stands where it acts: an end of line does so on a terminal only."""
    line, page = door.lines[entry.id], door.pages[entry.id]
    terms = entry.never(marker)
    return [t for t in terms if t in line or (t in page and not t.startswith("\n"))]


@each("showing")
def test_nothing_is_shown_that_acts(entry: Entry, door: Door, graded: Class) -> None:
    found = shown_that_acts(entry, door, graded.course.markers[entry.id])
    if found and entry.gap:
        pytest.xfail(entry.gap)
    assert found == []


@each("showing")
def test_what_a_student_wrote_stands_in_a_frame(entry: Entry, graded: Class) -> None:
    outside = graded.desk.outside[entry.id]
    marker = graded.course.markers[entry.id]
    assert [text for text in entry.apart(marker) if text in outside] == []


# what a browser fetches of itself; a link waits for a person
FETCHED = re.compile(
    r"<(?:script|link|img|iframe|object|embed|source|video|audio)\b[^>]*\b(?:src|href|data)\s*=\s*"
    r"[\"']?(?!data:|#)[^\s>]+|@import[^;]*|url\([\"']?(?!data:)(?:https?:)?//[^)]*",
    re.IGNORECASE,
)


def test_no_page_fetches_anything(graded: Class) -> None:
    pages = {student: page for student, page in graded.desk.pages.items() if "<html" in page}
    assert SOLVED in pages
    assert FETCHED.search('<script src="https://example.org/mathjax.js">')
    assert {name: found for name, page in pages.items() if (found := FETCHED.findall(page))} == {}


@pytest.mark.parametrize("entry", params(entry for entry in ENTRIES if entry.gap))
def test_a_gap_is_still_one(entry: Entry, graded: Class) -> None:
    marker = graded.course.markers[entry.id]
    doors_of_it = (graded.command_line, graded.desk)
    assert any(shown_that_acts(entry, door, marker) for door in doors_of_it)


@each()
def test_no_file_is_left(entry: Entry, door: Door) -> None:
    assert door.planted.get(entry.id, []) == []


@each()
def test_it_is_graded_to_the_end(entry: Entry, door: Door, graded: Class) -> None:
    if door is graded.desk or can_be_named(graded.course, entry.id):
        assert entry.id in door.marks


def test_nothing_goes_on_running(door: Door) -> None:
    assert door.running == []


def test_the_secret_is_nowhere_on_the_terminal(door: Door, graded: Class) -> None:
    assert graded.course.secret not in door.said


def test_neighbours_get_the_marks_they_deserve(door: Door) -> None:
    assert door.marks[SOLVED] == ALL
    assert door.marks[UNTOUCHED] == 0


def test_what_neighbours_handed_in_is_as_it_was(graded: Class) -> None:
    for name, before in graded.neighbours.items():
        assert (graded.course.folder(name) / NOTEBOOK).read_bytes() == before


@pytest.fixture(scope="module")
def unprotected(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, set[str]]:
    """What each attack gains where one process holds everything, or a reader trusts everything."""
    course = Course(tmp_path_factory.mktemp("unprotected"), ASSIGNMENT)
    outcomes = weak.run(course, [entry for entry in asked_for(request) if entry.family in CELLS])
    honest = {entry.id: entry.honest for entry in ENTRIES}
    gained = reader.gains(course)
    for name, outcome in outcomes.items():
        gained[name] = outcome.gains(honest.get(name, 0.0), course.secret)
    return gained


@each()
def test_without_protection_it_pays(entry: Entry, unprotected: dict[str, set[str]]) -> None:
    assert entry.pays in unprotected[entry.id]


@pytest.mark.parametrize("family", [CELLS, FILES])
def test_without_protection_nothing_pays_nothing(
    family: tuple[str, ...], unprotected: dict[str, set[str]]
) -> None:
    back_end = weak.NOTHING if family is CELLS else reader.NOTHING
    assert unprotected[back_end.id] == set()
