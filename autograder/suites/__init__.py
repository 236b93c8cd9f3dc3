"""Hidden suites: a folder for each assignment, and what all of them use.

- `memory.py`: answers that every submission needs, computed once
"""

from __future__ import annotations

import importlib
from types import ModuleType


def probes_of(name: str) -> ModuleType:
    """The probes of an assignment: what may be asked of a submission, in its own process."""
    return importlib.import_module(f"checks.{name}.probes")
