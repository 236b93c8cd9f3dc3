"""How tests are run: on all processors, the longest files first, properties without a clock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

collect_ignore = ["second_course"]  # folders of an assignment, whose checks the grader runs
TESTS = Path(__file__).resolve().parent
BROWSER = TESTS / "browser"

# before torch is loaded, and for whatever the tests start: every processor has tests of its own
os.environ.setdefault("OMP_NUM_THREADS", "1")

# what tests type is typed in a terminal, where `make` knows nothing of the one that runs the tests:
# not its options, nor the variables it was given, which it hands on
for given in os.environ.get("MAKEFLAGS", "").partition("-- ")[2].split():
    os.environ.pop(given.partition("=")[0], None)
for variable in ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"):
    os.environ.pop(variable, None)

# a busy machine is no failure
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("untimed")

MOST_WORKERS = 8  # more would wait for the longest file, and hold torch once more each
LONGEST = (
    *("test_attacks.py", "test_submissions.py", "test_class.py", "test_end_to_end.py"),
    *("test_commands.py", "test_refused_release.py", "test_environments.py"),
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """How many workers `-n auto` means, if the person has not said it where xdist looks."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return min(len(os.sched_getaffinity(0)), MOST_WORKERS)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for everything."""
    parser.addoption("--long", action="store_true", help="run what is marked `long` too")


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marker means."""
    config.addinivalue_line("markers", "long: whole classes, clusters and corpora; see `make test`")


def takes_all(config: pytest.Config) -> bool:
    """Whether nothing is left out: it is asked for, or files are named that are not all."""
    places = [Path(one.partition("::")[0]).resolve() for one in config.args]
    return config.getoption("--long") or not any(TESTS.is_relative_to(place) for place in places)


@pytest.fixture(scope="session")
def everything(pytestconfig: pytest.Config) -> bool:
    """Whether the whole corpus is meant, or a sample."""
    return takes_all(pytestconfig)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Nothing is left out in silence."""
    if not takes_all(terminalreporter.config):
        terminalreporter.write_line(
            "not run: whole classes, clusters, most of the corpus and of the attacks; "
            "`make test-all` runs them too"
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what needs a browser, unless it is named: `make browser`."""
    named = [config.invocation_params.dir / one.partition("::")[0] for one in config.args]
    if collection_path == BROWSER and not any(one.is_relative_to(BROWSER) for one in named):
        return True
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left with one at the end."""
    if not takes_all(config):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
