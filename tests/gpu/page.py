"""A record of `make gpu` as tables; those of a real GPU stand in docs/devices.md.

Python's own library is enough for this module.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .parts import PARTS

AS_EXPECTED = "as expected"  # of `conformance.py`
BLOCK = re.compile(r"(?<=<!-- gpu -->\n).*?(?=<!-- end of gpu -->)", re.DOTALL)
TITLES = {part.name: part.title for part in PARTS}
Found = dict[str, Any]


def write_page(record: Found, root: Path) -> int:
    """Put the tables of a record into docs/devices.md; not those of a dry run."""
    if record["dry run"] or record["few"]:
        print("error: that was a trial and no run on a GPU; the page is as it was", file=sys.stderr)
        return 1
    page = root / "docs" / "devices.md"
    text = "\n".join(lines(record)) + "\n"
    page.write_text(BLOCK.sub(lambda _: text, page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def summary(name: str, result: Found) -> str:
    """A line for the terminal about a part."""
    found = result["found"]
    told = SENTENCES[name](found) if found else "nothing was found"
    state = "" if result["state"] == "done" else f"{result['state'].upper()}: {result['why']}; "
    return f"{TITLES[name]}: {state}{told} ({result['seconds']} s)"


def lines(record: Found) -> Iterator[str]:
    """All of a record, as Markdown."""
    seen = record["machine"]
    what = seen["gpu"] or f"{seen['processors']} processors"
    dry = "Dry run, no GPU: " if record["dry run"] else ""
    versions = f"torch {seen['torch']}, CUDA {seen['cuda of torch']}, cuDNN {seen['cudnn']}"
    rights = "as root" if seen["root"] else "not as root"
    yield f"{dry}{what}, {versions}, Python {seen['python']}, {rights}; {record['date']}."
    for name, result in record["parts"].items():
        yield ""
        yield summary(name, result) + "."
        table = list(TABLES[name](result["found"])) if name in TABLES and result["found"] else []
        if table:
            yield ""
            yield from table


def conformance(found: Found) -> str:
    """How many cases went as expected on which side, and which are not alike."""
    there = [name for name, case in found.items() if case["there"] != AS_EXPECTED]
    here = [name for name, case in found.items() if case["simulated"] != AS_EXPECTED]
    astray = f"; NOT there: {', '.join(there)}" if there else ""
    astray += f"; NOT simulated: {', '.join(here)}" if here else ""
    return (
        f"{len(found)} cases, as expected on the simulated GPU {len(found) - len(here)}, "
        f"there {len(found) - len(there)}{astray}"
    )


def recurrent(found: Found) -> str:
    """How many states are refused."""
    refused = [name for name, told in found.items() if told.startswith("refused")]
    return f"{len(refused)} of {len(found)} refused"


def recurrent_table(found: Found) -> Iterator[str]:
    """Each layer and state."""
    yield "| layer, state | |"
    yield "|---|---|"
    for name, told in found.items():
        yield f"| {name} | {told} |"


def spread(found: Found) -> str:
    """Which ways of computing stay within the tolerances."""
    tolerances = found["tolerances"]
    measured = {name: by for name, by in found.items() if name != "tolerances"}
    beyond = [n for n, by in measured.items() if any(v > tolerances[q] for q, v in by.items())]
    astray = f"; BEYOND: {', '.join(beyond)}" if beyond else ""
    return f"within the tolerances {len(measured) - len(beyond)} of {len(measured)}{astray}"


def spread_table(found: Found) -> Iterator[str]:
    """A row for each way of computing, a column for each quantity."""
    quantities = [name for name in found["tolerances"] if name != "regret"]
    yield f"| largest difference | {' | '.join(quantities)} |"
    yield "|---|" + "---|" * len(quantities)
    rows = {name: by for name, by in found.items() if name != "tolerances"}
    for name, by in (*rows.items(), ("tolerance", found["tolerances"])):
        cells = [f"{by[quantity]:.1e}" if quantity in by else "–" for quantity in quantities]
        yield f"| {name} | {' | '.join(cells)} |"


def entries(found: Found) -> str:
    """How many device mistakes show there, and which right ones do not agree."""
    mistakes, right = (_of(found, kind) for kind in ("wrong: ", "right: "))
    shown = [name for name, entry in mistakes.items() if entry["there"] != "agrees"]
    astray = [name for name, entry in right.items() if entry["there"] != "agrees"]
    listed = f"; NOT: {', '.join(astray)}" if astray else ""
    return (
        f"{len(shown)} of {len(mistakes)} device mistakes show there, "
        f"{len(right) - len(astray)} of {len(right)} right answers agree{listed}"
    )


def entries_table(found: Found) -> Iterator[str]:
    """Each device mistake, and the right answers that do not agree."""
    yield "| submission | simulated | there | why |"
    yield "|---|---|---|---|"
    for kind in ("wrong: ", "right: "):
        for name, entry in sorted(_of(found, kind).items()):
            if kind == "wrong: " or entry["there"] != "agrees":
                why = entry.get("why", "").replace("|", "\\|")
                yield f"| {name} | {entry['simulated']} | {entry['there']} | {why} |"


def _of(found: Found, kind: str) -> dict[str, Found]:
    return {n.removeprefix(kind): entry for n, entry in found.items() if n.startswith(kind)}


def wall(found: Found) -> str:
    """Whether each wall holds."""
    told = []
    for name in ("without the device", "with the device"):
        if name in found:
            one = found[name]
            broken = one.get("broken")
            held = f"not tried: {one.get('not tried')}" if broken is None else "holds"
            told.append(f"{name}: {f'BROKEN: {broken}' if broken else held}")
    told.append(f"nodes: {', '.join(found.get('nodes', ())) or 'none'}")
    if "the solution there" in found:
        there = found["the solution there"]
        told.append(
            f"the solution behind it agrees: {there['agrees']} {there['why'] or ''}".strip()
        )
    return "; ".join(told)


def marks(found: Found) -> str:
    """Whether a mark changed, and what did not agree."""
    students = {name: one for name, one in found.items() if isinstance(one, dict)}
    again = [same for name, same in found.items() if name.endswith("marked again")]
    changed = [name for name, one in students.items() if not one["same mark"]]
    agree = sum(bool(one["agrees"]) for one in students.values())
    astray = f"; CHANGED: {', '.join(changed)}" if changed else ""
    return (
        f"{len(students)} students behind {found.get('wall')}, {agree} agree on the device; "
        f"marked again the same {sum(again)} of {len(again)}{astray}"
    )


def marks_table(found: Found) -> Iterator[str]:
    """A row for each student."""
    students = {name: one for name, one in found.items() if isinstance(one, dict)}
    tasks = list(next(iter(students.values()))["points"]) if students else []
    yield f"| student | {' | '.join(tasks)} | all | on the device |"
    yield "|---|" + "---|" * (len(tasks) + 2)
    for name, one in students.items():
        points = [one["points"][task] or 0.0 for task in tasks]
        astray = [f"{task}: {told}" for task, told in one["tasks"].items() if told is not True]
        said = "; ".join(astray) or one["why"] or "agrees"
        cells = " | ".join(f"{mark:.2f}" for mark in (*points, sum(points)))
        yield f"| {name} | {cells} | {said} |"


def attacks(found: Found) -> str:
    """What attacks gained."""
    lists = {name: what for name, what in found.items() if isinstance(what, list) and what}
    gained = [f"{name}: {', '.join(what)}" for name, what in lists.items()]
    tried = found.get("tried", 0)
    none = "none gained anything" if tried else "so nothing is known"
    return f"{tried} of {found['attacks']} attacks tried, {'; '.join(gained) or none}"


SENTENCES: dict[str, Callable[[Found], str]] = {
    "conformance": conformance,
    "recurrent": recurrent,
    "spread": spread,
    "entries": entries,
    "wall": wall,
    "marks": marks,
    "attacks": attacks,
}
TABLES: dict[str, Callable[[Found], Iterator[str]]] = {
    "recurrent": recurrent_table,
    "spread": spread_table,
    "entries": entries_table,
    "marks": marks_table,
}
