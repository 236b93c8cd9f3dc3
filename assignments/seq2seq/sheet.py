"""A page to draw on, and a drawing with words for whoever cannot see it.

Lengths are points of a page 480 points wide: small enough for a phone, and all lines stay sharp.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.path import Path

WIDTH = 480
INK, FAINT, PAPER = "#1f2933", "#7b8794", "#ffffff"
# fill and edge; told apart by their lightness and their place too, not by the colour alone
BLUE, ORANGE, GREEN = ("#d9e8f6", "#2b6cb0"), ("#fde3c8", "#b45309"), ("#d3efdb", "#1b7f3b")
GREY, RED = ("#eceff1", "#7b8794"), ("#fbdcdc", "#c62828")
Colour = tuple[str, str]
LOOK: Any = {"svg.hashsalt": "pictures", "svg.fonttype": "path", "font.family": "DejaVu Sans"}


@dataclass(frozen=True, repr=False)
class Picture:
    """A drawing, and the same in words."""

    svg: str
    words: str

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.svg.encode()).decode()
        style = "width:100%;max-width:640px;height:auto;border-radius:6px;background:#fff"
        return (
            f'<img alt="{escape(self.words)}" style="{style}" '
            f'src="data:image/svg+xml;base64,{data}">'
        )

    def __repr__(self) -> str:
        return self.words


class Sheet:
    """An empty page to draw on: x to the right, y down, both in points."""

    def __init__(self, height: float) -> None:
        self.figure = Figure(figsize=(WIDTH / 72, height / 72), facecolor=PAPER)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        self.axes.set_axis_off()

    def text(self, x: float, y: float, words: str, **options: Any) -> None:
        """Write words; the middle of their first letter, or of all, is at (x, y)."""
        options = {"fontsize": 13, "color": INK, "va": "center", "ha": "center", **options}
        self.axes.text(x, y, words, **options)

    def title(self, y: float, words: str, x: float = 12, **options: Any) -> None:
        """Write a heading at the left edge, or at x."""
        self.text(x, y, words, ha="left", fontweight="bold", fontsize=14, **options)

    def box(
        self,
        x: float,
        y: float,
        words: str = "",
        *,
        colour: Colour = GREY,
        width: float = 58,
        height: float = 26,
        dashed: bool = False,
        size: float = 13,
        **options: Any,
    ) -> None:
        """Draw a box round (x, y), with words in it."""
        fill, edge = colour
        patch = FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=4",
            facecolor=fill,
            edgecolor=edge,
            linewidth=1.4,
            linestyle="--" if dashed else "-",
            zorder=3,
        )
        self.axes.add_patch(patch)
        self.text(x, y, words, fontsize=size, zorder=4, **options)

    def arrow(
        self,
        *points: tuple[float, float],
        colour: str = INK,
        dashed: bool = False,
    ) -> None:
        """Draw a line through the points, with a head at its end."""
        patch = FancyArrowPatch(
            path=Path(points),
            arrowstyle="-|>,head_length=4,head_width=2.5",
            color=colour,
            linewidth=1.5,
            linestyle=(0, (3, 2)) if dashed else "-",
            capstyle="butt",
            joinstyle="round",
            shrinkA=0,
            shrinkB=0,
            zorder=2,
        )
        self.axes.add_patch(patch)

    def hatched(self, x: float, y: float, width: float, height: float) -> None:
        """Draw an area that holds no data."""
        corner = x - width / 2, y - height / 2
        look = {"facecolor": "#f5f6f7", "edgecolor": "#b0b8bf", "hatch": "////", "linewidth": 0.8}
        self.axes.add_patch(Rectangle(corner, width, height, zorder=3, **look))

    def picture(self, words: str) -> Picture:
        """The page as it is now."""
        file = io.StringIO()
        with mpl.rc_context(LOOK):
            self.figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return Picture(file.getvalue(), words)
