"""The report on a class: one page that opens from a file, and its figures as CSV."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from autograder.assignment import Assignment
from autograder.course import Course
from autograder.desk.pages.jinja import environment
from autograder.files import write_whole
from autograder.text import inert

from .class_data import ClassData, class_data
from .figures import Figures, Spread, figures
from .plots import plots

NAME = "class"  # of its files, in `reports/<assignment>/`
COLUMNS = ("figure", "task", "name", "measure", "value")
Row = tuple[str, str, str, str, object]


def write_class_report(
    assignment: Assignment, course: Course, anonymous: bool = False, attempts: Path | None = None
) -> tuple[Path, Path]:
    """Write page and figures of a class as it stands.

    Args:
        anonymous: for showing in class; see `figures`.
        attempts: the file in which `pr` keeps attempts.

    Returns:
        The page, and the CSV file.

    Raises:
        CourseError, ClassError: there is no class yet, or its gradebook cannot be used.
        OSError: a file cannot be read or written.
    """
    data = class_data(assignment, course, attempts)
    counted = figures(data, anonymous)
    folder = course.reports / assignment.name
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{NAME}-anonymous" if anonymous else NAME
    page, table = folder / f"{name}.html", folder / f"{name}.csv"
    write_whole(page, class_page(data, counted, _links(data, counted, course, folder)))
    write_whole(table, class_csv(counted))
    return page, table


def class_page(data: ClassData, counted: Figures, links: dict[str, str]) -> str:
    """The page.

    Args:
        links: where the feedback of those who are named as examples is.
    """
    drawn = {name: Markup(svg) for name, svg in plots(counted).items()}
    template = environment().get_template("class_report.html.j2")
    return template.render(
        assignment=data.assignment.name, figures=counted, plots=drawn, links=links
    )


def class_csv(counted: Figures) -> str:
    """The figures as CSV, a number a row."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in _rows(counted):
        writer.writerow([inert(value) for value in row])
    return file.getvalue()


def _links(data: ClassData, counted: Figures, course: Course, folder: Path) -> dict[str, str]:
    """From the page's folder to the feedback of each example that has a page."""
    pages = {
        mistake.example: course.page(data.assignment.name, mistake.example)
        for mistake in counted.mistakes
        if mistake.example
    }
    return {
        student: quote(os.path.relpath(page, folder))
        for student, page in pages.items()
        if page.is_file()
    }


def _rows(counted: Figures) -> Iterator[Row]:
    yield "class", "", "", "graded", counted.graded
    for status, number in counted.standing:
        yield "class", "", status, "students", number
    if counted.marks:
        yield from _spread("marks", "", "all", counted.marks)
    for number, count in enumerate(counted.bins if counted.marks else ()):
        yield "distribution", "", f"{number * 10} to {number * 10 + 10} %", "students", count
    for task in counted.tasks:
        yield from _spread("tasks", task.task, "", task.shares)
        yield "tasks", task.task, "", "discrimination", task.discrimination
        yield "tasks", task.task, "", "full marks", task.full
        yield "tasks", task.task, "", "no points", task.nothing
    for line in counted.lines:
        yield "lines", line.task, line.line, "points", line.max_points
        yield "lines", line.task, line.line, "difficulty", _places(line.difficulty)
        yield "lines", line.task, line.line, "discrimination", _places(line.discrimination)
        yield "lines", line.task, line.line, "full marks", line.full
    for mistake in counted.mistakes:
        yield "first mistakes", mistake.task, mistake.check, "students", mistake.count
    for gap in counted.gaps:
        yield "public checks", gap.task, "", "pass all public checks", gap.passed_public
        yield "public checks", gap.task, "", "of these, full marks", gap.full
        for name, _, count in gap.hidden:
            yield "public checks", gap.task, name, "of these, fail it", count
    for section in counted.sections:
        yield from _spread("sections", "", section.section, section.shares)
        for key, mean in section.tasks:
            yield "sections", key, section.section, "mean share", _places(mean)
    if counted.hand:
        yield "by hand", "", "", "given", counted.hand.given
        yield "by hand", "", "", "waits", counted.hand.waits
        yield "by hand", "", "", "mean points", counted.hand.mean
    for day in counted.days:
        yield "attempts", "", day.day, "attempts", day.attempts
        yield "attempts", "", day.day, "students", day.students


def _spread(figure: str, task: str, name: str, shares: Spread) -> Iterator[Row]:
    yield figure, task, name, "students", shares.n
    for measure, value in (
        ("mean share", shares.mean),
        ("lowest share", shares.low),
        ("lower quartile", shares.lower),
        ("median share", shares.middle),
        ("upper quartile", shares.upper),
        ("highest share", shares.high),
    ):
        yield figure, task, name, measure, _places(value)


def _places(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
