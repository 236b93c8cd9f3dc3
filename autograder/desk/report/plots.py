"""The plots of a class report: SVG that stands in a page, and follows its colours and its font."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from .figures import BINS, Figures, LineFigure

WIDTH = 4.6  # inches: on a telephone a letter is then as large as the page's
# matplotlib knows no variables of CSS: it draws with these colours, which stand in nothing else
INK, ACCENT, SECOND, SOFT = "#010203", "#040506", "#070809", "#0a0b0c"
PAINT = {INK: "currentColor", ACCENT: "var(--accent)", SECOND: "var(--second)", SOFT: "var(--soft)"}
DATES = 6  # below a plot
MARKERS = "osD^v*Pp<>X"
STYLE: Any = {
    "svg.fonttype": "none",  # letters stay text: they can be read out, searched and copied
    "svg.hashsalt": "class report",  # the same figures give the same bytes
    "font.size": 9.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}


def plots(figures: Figures) -> dict[str, str]:
    """The plots that these figures have something to show for, by name."""
    drawn = {}
    if figures.marks:
        drawn["marks"] = _marks(figures)
        drawn["tasks"] = _boxes(
            [(task.task, task.values) for task in figures.tasks],
            "Share of each task's points that was earned, as box plots.",
        )
        drawn["gaps"] = _gaps(figures)
    judged = [line for line in figures.lines if line.discrimination is not None]
    if judged:
        drawn["lines"] = _lines(judged)
    if figures.sections:
        drawn["sections"] = _boxes(
            [(one.section, one.values) for one in figures.sections],
            "Share of all points that each section's students earned, as box plots.",
        )
    if figures.days:
        drawn["days"] = _days(figures)
    return drawn


def _marks(figures: Figures) -> str:
    def draw(axes: Axes) -> None:
        edges = [number / BINS for number in range(BINS)]
        bars = axes.bar(edges, figures.bins, width=0.09, align="edge", color=ACCENT)
        labels = [str(count) if count else "" for count in figures.bins]
        axes.bar_label(bars, labels, color=INK)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.set(xlabel="share of the points", ylabel="students", xlim=(0, 1))
        assert figures.marks is not None
        axes.axvline(figures.marks.middle, color=SECOND, linestyle="--", zorder=0)
        axes.margins(y=0.15)

    counts = ", ".join(
        f"{number * 10} to {number * 10 + 10} %: {count}"
        for number, count in enumerate(figures.bins)
        if count
    )
    return _svg(draw, 2.4, f"Students in each tenth of the points. {counts}.")


def _boxes(rows: list[tuple[str, tuple[float, ...]]], says: str) -> str:
    def draw(axes: Axes) -> None:
        line = {"color": INK}
        axes.boxplot(
            [list(values) for _, values in rows],
            orientation="horizontal",
            whis=(0, 100),
            widths=0.5,
            patch_artist=True,
            boxprops={"facecolor": SOFT, "edgecolor": INK},
            medianprops={"color": SECOND, "linewidth": 2},
            whiskerprops=line,
            capprops=line,
        )
        axes.set_yticks(range(1, len(rows) + 1), [_short(name) for name, _ in rows])
        axes.invert_yaxis()
        axes.set_xlim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(PercentFormatter(1))

    return _svg(draw, 0.7 + 0.36 * len(rows), f"{says} The table has the numbers.")


def _gaps(figures: Figures) -> str:
    def draw(axes: Axes) -> None:
        places = range(len(figures.gaps))
        for offset, label, colour, values in (
            (-0.2, "pass all public checks", SOFT, [gap.passed_public for gap in figures.gaps]),
            (0.2, "of these, full marks", ACCENT, [gap.full for gap in figures.gaps]),
        ):
            at = [place + offset for place in places]
            bars = axes.barh(at, values, height=0.36, color=colour, edgecolor=INK, label=label)
            axes.bar_label(bars, padding=2, color=INK)
        axes.set_yticks(list(places), [_short(gap.task) for gap in figures.gaps])
        axes.invert_yaxis()
        axes.set(xlabel="students", xlim=(0, 1.08 * figures.graded))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)

    says = "; ".join(f"{gap.task}: {gap.passed_public} and {gap.full}" for gap in figures.gaps)
    height = 0.9 + 0.5 * len(figures.gaps)
    return _svg(draw, height, f"Who passes all public checks, and has full marks. {says}.")


def _lines(lines: list[LineFigure]) -> str:
    def draw(axes: Axes) -> None:
        tasks = list(dict.fromkeys(line.task for line in lines))
        for number, task in enumerate(tasks):
            own = [line for line in lines if line.task == task]
            axes.scatter(
                [line.difficulty for line in own],
                [line.discrimination or 0.0 for line in own],
                marker=MARKERS[number % len(MARKERS)],
                color=(ACCENT, SECOND, INK)[number % 3],
                label=task,
            )
        axes.axhline(0, color=INK, linewidth=0.6)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlabel="difficulty: mean share earned", ylabel="discrimination")
        axes.set_xlim(-0.03, 1.03)
        columns = 3 if len(tasks) > 2 else 2
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns)

    says = "Difficulty and discrimination of each line of the rubric; the table has the numbers."
    return _svg(draw, 3.2, says)


def _days(figures: Figures) -> str:
    def draw(axes: Axes) -> None:
        days = [date.fromisoformat(day.day).toordinal() for day in figures.days]
        axes.bar(days, [day.attempts for day in figures.days], color=SOFT, label="attempts")
        count = [day.students for day in figures.days]
        axes.plot(days, count, color=SECOND, marker="o", markersize=4, label="students")
        axes.set(ylabel="graded")
        span = days[-1] - days[0]
        ticks = range(days[0], days[-1] + 1, span // DATES + 1)
        axes.set_xticks(list(ticks), [f"{date.fromordinal(tick):%d %b}" for tick in ticks])
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)

    first, last = figures.days[0], figures.days[-1]
    most = max(figures.days, key=lambda day: day.attempts)
    says = (
        f"Graded attempts on each day, from {first.day} to {last.day}; the most, {most.attempts}, "
        f"on {most.day}. The table has the numbers."
    )
    return _svg(draw, 2.4, says)


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:17]}…"


def _svg(draw: Callable[[Axes], None], height: float, says: str) -> str:
    """Draw, and make of it an image within a page, with text for who does not see it."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        file = io.StringIO()
        blank = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=blank)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s+(?:xmlns(?::\w+)?|version)="[^"]*"', "", text)
    text = re.sub(r'\b(?:width|height)="[\d.]+pt"', "", text, count=2)
    text = text.replace("xlink:href", "href")
    # other plots of the page have ids of the same names
    mark = re.sub(r"\W+", "-", says[:24]).lower()
    text = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{mark}-", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for colour, paint in PAINT.items():
        text = text.replace(colour, paint)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(says)}"', 1)
