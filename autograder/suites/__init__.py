"""Hidden suites, one folder an assignment."""

from __future__ import annotations

import importlib
from types import ModuleType


def probes_of(name: str) -> ModuleType:
    """The probes of an assignment: what may be asked of a submission, in its own process."""
    return importlib.import_module(f"checks.{name}.probes")
