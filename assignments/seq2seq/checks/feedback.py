"""What came of checking one task, as a person reads it: a small page in Jupyter, else text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .printable import printable
from .verdicts import FOLLOWS, CheckResult, Verdict, sign, words

RED, GREEN, GREY = "#c62828", "#1b7f3b", "#5f6368"  # white on each can be read, on any page


@dataclass(frozen=True)
class Feedback:
    """The results of one task's checks, and what stands in the way of believing them.

    Without any results, the remarks say why there are none.
    """

    task: str
    results: Sequence[CheckResult]
    remarks: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether every check has passed, and nothing is remarked."""
        return bool(self.results) and not self.remarks and self._all

    @property
    def headline(self) -> str:
        """How many checks pass, on one line."""
        if not self.results:
            return f"{self.task}: not checked"
        if self._all:
            but = " here, but not when graded" if self.remarks else ""
            return f"{self.task}: all {len(self.results)} public checks pass{but}"
        passed = len(self._with(Verdict.PASSED))
        return f"{self.task}: {passed} of {len(self.results)} public checks pass"

    @property
    def text(self) -> str:
        """It as text; the first thing to do comes first."""
        if self.passed:
            return f"{self.headline}. {self._further}"
        lines = [self.headline, *(f"  {remark}" for remark in self.remarks)]
        for failed, same in self._failures():
            lines += [f"  {_signed(failed)}", *(f"      {line}" for line in words(failed))]
            if same:
                lines += [f"      The same happens in {_count(same)}:"]
                lines += [f"        {_signed(one)}" for one in same]
        for reason, waiting in self._waiting():
            lines += [f"  – {_count(waiting)}, {reason}", *(f"      {_signed(w)}" for w in waiting)]
        passed = self._with(Verdict.PASSED)
        if passed:
            lines += [f"  ✓ {_count(passed)} passed:", *(f"      {_signed(p)}" for p in passed)]
        return "\n".join(" ".join(line.splitlines()) for line in lines)

    @property
    def html(self) -> str:
        """It as a small page, in the colours of the page around it."""
        parts = [f"<div><b>{escape(self.headline)}</b>"]
        parts += [f". {self._further}</div>" if self.passed else "</div>"]
        parts += [f"<div>{_page(remark)}</div>" for remark in self.remarks]
        for failed, same in self._failures():
            below = "".join(f"<div>{_page(line)}</div>" for line in words(failed))
            if same:
                below += _folded(same[0].verdict, f"the same happens in {_count(same)}", same)
            shown = f'<div style="margin-left:2em">{below}</div>'
            parts.append(f'<div style="margin:.4em 0">{_badge(failed)}{shown}</div>')
        for reason, waiting in self._waiting():
            parts.append(_folded(Verdict.SKIPPED, f"{_count(waiting)}, {reason}", waiting))
        passed = self._with(Verdict.PASSED)
        if passed:
            parts.append(_folded(Verdict.PASSED, f"{_count(passed)} passed", passed))
        colour = GREEN if self.passed else RED
        style = f"border-left:.25em solid {colour};padding:.1em .8em;line-height:1.5"
        return f'<div style="{style}">{"".join(parts)}</div>'

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:  # IPython's name
        return {"text/plain": printable(self.text), "text/html": self.html}

    _further = "Hidden checks follow when it is graded."

    @property
    def _all(self) -> bool:
        return len(self._with(Verdict.PASSED)) == len(self.results)

    def _with(self, verdict: Verdict) -> list[CheckResult]:
        return [result for result in self.results if result.verdict is verdict]

    def _waiting(self) -> list[tuple[str, list[CheckResult]]]:
        """The checks that were not tried, or failed for what others say, by the reason why."""
        groups: dict[str, list[CheckResult]] = {}
        for result in self.results:
            if result.verdict is Verdict.SKIPPED:
                groups.setdefault(result.rationale, []).append(result)
            elif result.follows:
                groups.setdefault(FOLLOWS, []).append(result)
        return list(groups.items())

    def _failures(self) -> list[tuple[CheckResult, list[CheckResult]]]:
        """Each failure, with those later ones that say the same."""
        groups: dict[object, tuple[CheckResult, list[CheckResult]]] = {}
        for result in self.results:
            if result.verdict in (Verdict.PASSED, Verdict.SKIPPED) or result.follows:
                continue
            said = tuple(words(result)) or result.check
            if said in groups:
                groups[said][1].append(result)
            else:
                groups[said] = (result, [])
        return list(groups.values())


def _count(results: Sequence[CheckResult]) -> str:
    return f"{len(results)} check{'' if len(results) == 1 else 's'}"


def _signed(result: CheckResult) -> str:
    return f"{sign(result.verdict)} {result.sentence}"


def _page(line: str) -> str:
    """A line of words; where to look first stands out."""
    lead, colon, rest = line.partition(": ")
    if lead == "Look here first":
        return f"<b>{lead}{colon}</b>{escape(rest)}"
    return escape(line)


def _chip(verdict: Verdict) -> str:
    colour = {Verdict.PASSED: GREEN, Verdict.SKIPPED: GREY}.get(verdict, RED)
    style = f"background:{colour};color:#fff;border-radius:.2em;padding:0 .4em;font-weight:bold"
    return f'<span style="{style}">{sign(verdict)}</span>'


def _badge(result: CheckResult) -> str:
    return f"{_chip(result.verdict)} {escape(result.sentence)}"


def _folded(verdict: Verdict, title: str, results: Sequence[CheckResult]) -> str:
    """Results that are shown when asked for."""
    items = "".join(f'<div style="margin-left:2em">{_badge(one)}</div>' for one in results)
    summary = f'<summary style="cursor:pointer">{_chip(verdict)} {escape(title)}</summary>'
    return f"<details>{summary}{items}</details>"
