"""`python -m autograder doctor`: what holds on this machine, and how to mend what does not."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import stat
import subprocess
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import psutil

from autograder.wall.cgroup import NoGroup, place
from autograder.wall.container import NoEngine, find_engine, image
from autograder.wall.launch import Bound
from autograder.wall.wall import Bubblewrap, Container, Wall, begin

from .assignment import ROOT, Assignment
from .errors import OfferingError
from .offering import SALT_FILE, SALT_VARIABLE
from .terms import read_terms

GIB = 1024**3
PINNED = re.compile(r"^(torch|numpy|pytest|nbgrader)==(\S+)$", re.MULTILINE)
MENDS = {
    "bwrap": "install bubblewrap: `apt-get install bubblewrap`, `dnf install bubblewrap`",
    "namespaces": (
        "allow unprivileged user namespaces: `sysctl kernel.unprivileged_userns_clone=1` (Debian), "
        "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu), `sysctl "
        "user.max_user_namespaces=10000`; in a container, run it privileged"
    ),
    "container": "without bubblewrap: install podman or docker, then `make image`",
    "start": "see whether it starts any container: `{} run --rm {} true`",
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    good: bool
    what: str
    mend: str = ""


def examine(assignment: Assignment) -> Iterator[Finding]:
    """Look at everything that grading an assignment needs."""
    begun = begin(assignment.name)
    yield from _programs()
    yield from _wall(assignment, begun)
    yield from _course(assignment)


def _programs() -> Iterator[Finding]:
    memory = psutil.virtual_memory().total / GIB
    yield Finding(
        True,
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{len(os.sched_getaffinity(0))} processors, {memory:.0f} GiB of memory",
    )
    for name, pinned in PINNED.findall((ROOT / "constraints.txt").read_text(encoding="utf-8")):
        version = importlib.metadata.version(name)
        same = version.partition("+")[0] == pinned.partition("+")[0]
        mend = "" if same else f"constraints.txt says {pinned}: make setup"
        yield Finding(same, f"{name} {version}", mend)


def _wall(assignment: Assignment, begun: Wall) -> Iterator[Finding]:
    holds = yield from _bubblewrap(assignment, begun)
    try:
        engine = find_engine()
    except NoEngine as error:
        mend = "" if holds else MENDS["container"]
        yield Finding(holds, f"no container: {error}", mend)
        return
    mend = MENDS["start"].format(engine, image())
    yield from _tried(Container(engine, assignment.name), engine, mend)


def _bubblewrap(assignment: Assignment, begun: Wall) -> Generator[Finding, None, bool]:
    """Returns whether one way of using it holds."""
    program = shutil.which("bwrap")
    if program is None:
        yield Finding(False, "bubblewrap is not installed", MENDS["bwrap"])
        return False
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    yield Finding(True, said.stdout.strip())
    ways = {"warm sandbox": begun, "sandbox for each submission": Bubblewrap(assignment.name)}
    for way, wall in ways.items():
        if (yield from _tried(wall, way, MENDS["namespaces"])):
            return True
    return False


def _tried(wall: Wall, way: str, mend: str) -> Generator[Finding, None, bool]:
    """Returns whether the wall keeps all its promises."""
    # 1.3 s: reads what the worker says, and with that comes torch
    from autograder.wall.trial import PROMISES, NotTried, broken_promises

    try:
        broken = broken_promises(wall)
    except NotTried as error:
        yield Finding(False, f"{way}: {error}", mend)
        return False
    finally:
        wall.close()
    for name, promise in PROMISES.items():
        yield Finding(name not in broken, f"{way}: {promise}")
    yield Finding(True, f"{way}: what a submission uses as a whole is bounded by {_bound(wall)}")
    return not broken


def _bound(wall: Wall) -> str:
    if wall.bound is Bound.CGROUP:
        return "the kernel (a control group)"
    try:
        place()
    except NoGroup as error:
        return f"a watch, ten times a second: {error}"
    return "a watch, ten times a second"


def _course(assignment: Assignment) -> Iterator[Finding]:
    if os.environ.get(SALT_VARIABLE, "").strip():
        yield Finding(True, f"the offering's salt comes from {SALT_VARIABLE}")
    elif SALT_FILE.exists():
        private = not SALT_FILE.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        mend = "" if private else f"chmod 600 {SALT_FILE.name}"
        yield Finding(private, f"only its owner may read {SALT_FILE.name}", mend)
    else:
        yield Finding(True, "the offering has no salt yet; the first grading makes one")
    released = (assignment.release / f"{assignment.name}.ipynb").is_file()
    mend = "" if released else "make release"
    yield Finding(released, f"{assignment.name} has been released", mend)
    yield _due(assignment)
    writable = os.access(ROOT, os.W_OK)
    yield Finding(writable, "reports and the gradebook can be written")


def _due(assignment: Assignment) -> Finding:
    try:
        terms = read_terms(assignment.name)
    except OfferingError as error:
        return Finding(False, str(error), "see docs/pull-requests.md")
    if terms.due is None:
        return Finding(True, "offering.toml names no due date")
    return Finding(True, f"due {terms.local(terms.due)}. {terms.about_due}".strip())
