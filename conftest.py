"""Lets plain `pytest` run an assignment's checks on a notebook, behind the wall: docs/author.md.

It is for authors, in this repository alone: what students get has `checks/conftest.py` instead.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent
HIDDEN, PUBLIC = ROOT / "autograder" / "suites", ROOT / "checks"
NOT_TESTS = ("autograder", "assignments", "build", "checks", "solutions")  # of the grader
collect_ignore: list[str] = []  # pytest's name


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options; stand in for the students' way of running public checks, without a wall."""
    pluginmanager.register(ModuleType("nothing"), name=str(PUBLIC / "conftest.py"))
    group = parser.getgroup("checks", "checks of an assignment")
    group.addoption(
        "--submission",
        type=Path,
        metavar="NOTEBOOK",
        help="judge this notebook (default: the reference solution)",
    )
    group.addoption("--salt", metavar="TEXT", help="draw other inputs than those for authors")
    group.addoption(
        "--allow-unconfined",
        action="store_true",
        help="run the notebook without a sandbox if none holds here",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run checks in one process, whatever else is set: they build on each other."""
    if assignments(config):
        config.option.numprocesses = None


def pytest_configure(config: pytest.Config) -> None:
    """Prepare what the checks need, if checks are to be run."""
    names = assignments(config)
    options = config.option
    if not names:
        collect_ignore.extend(NOT_TESTS)
        for option in ("submission", "salt", "allow_unconfined"):
            if getattr(options, option):
                raise pytest.UsageError(
                    f"--{option.replace('_', '-')} is for checks: name their folder or file, "
                    "such as autograder/suites/<name>"
                )
        return
    if len(names) > 1:
        raise pytest.UsageError(
            "a submission is of one assignment: name its folder or files and nothing else, "
            f"not {', '.join(sorted(names))} together"
        )
    if not options.help:
        from autograder.judge.plain_pytest import prepare  # torch, which our own tests may not need

        prepare(config, names.pop())


def assignments(config: pytest.Config) -> set[str]:
    """The assignments whose checks were named, and what else was named beside them."""
    named, other = set[str](), set[str]()
    for argument in config.args:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if path == HIDDEN.parent:
            path = HIDDEN
        folder = next((one for one in (HIDDEN, PUBLIC) if path.is_relative_to(one)), None)
        known = {one.name for one in folder.iterdir() if _has_checks(one)} if folder else set[str]()
        if path == folder:
            named |= known
        elif folder and path.relative_to(folder).parts[0] in known:
            named.add(path.relative_to(folder).parts[0])
        else:
            other.add(argument)
    return named | other if named else named


def _has_checks(folder: Path) -> bool:
    return any(folder.rglob("test_*.py"))
