"""It installs where people are: every promised Python may install every pinned package."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from autograder.assignment import ROOT

from .runner import read_workflow

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PROMISED = SpecifierSet(PROJECT["requires-python"])
MINORS = [minor for minor in range(100) if f"3.{minor}" in PROMISED]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
}
# of these some or all may not be installed: `make browser` installs them
BROWSER = {"axe-playwright-python", "playwright", "pyee", "greenlet"}
MAKEFILE = (ROOT / "Makefile").read_text()


def refusals(requires_python: Mapping[str, str]) -> Iterator[str]:
    """The packages that refuse a promised Python, the first release of each included."""
    for name, requires in requires_python.items():
        for minor in MINORS:
            if f"3.{minor}.0" not in SpecifierSet(requires):
                yield f"{name} needs Python {requires}, and 3.{minor}.0 is promised"


def test_a_pin_that_an_early_release_may_not_install_is_found() -> None:
    assert list(refusals({"soupsieve": ">=3.11.5"})) == [
        "soupsieve needs Python >=3.11.5, and 3.11.0 is promised"
    ]
    assert list(refusals({"old": "<3.13"}))


def test_every_promised_python_may_install_every_pin() -> None:
    # the first of a name is what is imported; setuptools brings others of its own
    every = [*importlib.metadata.distributions()]
    found = {canonicalize_name(one.name): one for one in reversed(every)}
    installed: dict[str, str] = {
        name: said["Requires-Python"] if "Requires-Python" in (said := found[name].metadata) else ""
        for name, version in PINS.items()
        if name in found and found[name].version.partition("+")[0] == version
    }
    missing = BROWSER - set(found)
    assert set(installed) == set(PINS) - missing  # what is looked at is what is pinned
    assert list(refusals(installed)) == []


def needed(roots: Iterable[str], python: str) -> set[str]:
    """The packages that these need on a Python, as the installed ones say."""
    environment = {
        **{key: str(value) for key, value in default_environment().items()},
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
    }
    found: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in roots]
    while waiting:
        text, asked = waiting.pop()
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is not None and not marker.evaluate({**environment, "extra": asked}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in found:
                continue
            found.add((name, extra))
            if name == canonicalize_name(PROJECT["name"]):  # an extra of our own
                own = PROJECT["optional-dependencies"] | {"": PROJECT["dependencies"]}
                waiting += [(line, "") for line in own[extra]]
            elif name in PINS:
                requires = importlib.metadata.requires(name) or []
                waiting += [(line, extra) for line in requires]
    return {name for name, _ in found} - {canonicalize_name(PROJECT["name"])}


@pytest.mark.parametrize("minor", MINORS)
def test_nothing_is_installed_that_is_not_pinned(minor: int) -> None:
    roots = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    assert needed(roots, f"3.{minor}.0") - set(PINS) == set()


def test_ci_tries_every_promised_python() -> None:
    job = read_workflow(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in MINORS]
    steps = [step for step in job["steps"] if "setup-python" in step.get("uses", "")]
    assert steps[0]["with"]["python-version"] == "${{ matrix.python }}"


@pytest.mark.parametrize("page", ["README.md", "docs/student.md", "Makefile"])
def test_the_pages_promise_what_the_project_declares(page: str) -> None:
    assert f"Python 3.{MINORS[0]} to 3.{MINORS[-1]}" in (ROOT / page).read_text()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """What `make setup` reads, and nothing else."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def program(path: Path, text: str) -> str:
    """Write a program."""
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def setup(place: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run `make setup` with a Python."""
    command = ["make", "setup", f"PYTHON={python}"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        command, cwd=place, env=clean, capture_output=True, text=True, check=False
    )


THIS = f"Python {sys.version_info.major}.{sys.version_info.minor}"
PRETENDS = "#!/bin/sh\necho Python 2.7\nexit 1\n"
# this Python, but of another version, or without a module
OTHER = '#!/bin/sh\nexec {python} -c "import sys; sys.version_info = {version}\n$2"\n'
LACKS = '#!/bin/sh\nexec {python} -c "import sys; sys.modules[{lacks!r}] = None\n$2"\n'


@pytest.mark.parametrize(
    ("python", "seen"),
    [
        ("/bin/false", "no Python"),
        ("/bin/true", "no Python"),
        ("echo", "no Python"),
        ("cat", "no Python"),
        ("/is/not/there", "no Python"),
        (".", "no Python"),
        ("", "no Python"),
        (PRETENDS, "Python 2.7"),
        (OTHER.format(python=sys.executable, version=(3, 9, 18)), "Python 3.9"),
        (OTHER.format(python=sys.executable, version=(3, 99, 0)), "Python 3.99"),
        (LACKS.format(python=sys.executable, lacks="ensurepip"), THIS),
        (LACKS.format(python=sys.executable, lacks="venv"), THIS),
    ],
)
def test_a_python_that_will_not_do_is_told_in_one_sentence(
    place: Path, python: str, seen: str
) -> None:
    if python.startswith("#!"):
        python = program(place / "python", python)
    done = setup(place, python)
    assert done.returncode != 0
    assert done.stdout == ""
    ours = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(ours) == 1, done.stderr
    assert ours[0].startswith(f"error: PYTHON={python} is {seen}")
    assert not (place / ".venv").exists()


def test_an_install_that_failed_counts_for_nothing_and_the_next_begins_anew(place: Path) -> None:
    says = '[ "$1" = -c ] && {{ echo Python 3.11.{}; exit; }}\n'
    makes = f"""#!/bin/sh
{says.format(9)}
mkdir -p .venv/bin; echo "$@" >> made; cp pip .venv/bin/python
"""  # its environment's Python is the file `pip`
    python = program(place / "python", makes)
    program(place / "pip", f"#!/bin/sh\n{says.format(9)}exit 1\n")
    failed = setup(place, python)
    assert failed.returncode != 0
    assert "error: " in failed.stderr
    assert not (place / ".venv" / "installed").exists()
    program(place / "pip", f"#!/bin/sh\n{says.format(9)}exit 0\n")
    assert setup(place, python).returncode == 0
    assert (place / ".venv" / "installed").exists()
    other = program(place / "other", f"#!/bin/sh\n{says.format(8)}exit 1\n")
    for asked, told in ((other, "3.11.8, and .venv is of Python 3.11.9"), ("false", "no Python")):
        differs = setup(place, asked)
        assert differs.returncode != 0
        assert f"error: PYTHON={asked} is " in differs.stderr
        assert told in differs.stderr
    os.utime(place / "constraints.txt", (2**32, 2**32))  # a pin has changed since
    program(place / "pip", f"#!/bin/sh\n{says.format(9)}exit 1\n")
    assert setup(place, python).returncode != 0
    assert not (place / ".venv" / "installed").exists()
    assert (place / "made").read_text().splitlines() == [
        "-m venv --clear .venv",
        "-m venv --clear .venv",
        "-m venv .venv",
    ]
