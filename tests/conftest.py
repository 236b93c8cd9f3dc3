"""How tests are run: on all processors, the longest files first, properties without a clock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

collect_ignore = ["second_course"]  # folders of an assignment, whose checks the grader runs
BROWSER = Path(__file__).parent / "browser"

# before torch is loaded, and for whatever the tests start: every processor has tests of its own
os.environ.setdefault("OMP_NUM_THREADS", "1")

# what tests type is typed in a terminal, where `make` knows nothing of the one that runs the tests
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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what needs a browser, unless it is named: `make browser`."""
    named = [config.invocation_params.dir / one.partition("::")[0] for one in config.args]
    if collection_path == BROWSER and not any(one.is_relative_to(BROWSER) for one in named):
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left with one at the end."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))
