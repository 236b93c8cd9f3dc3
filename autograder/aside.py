"""Folders built aside, and exchanged for what was there when all of them is done."""

from __future__ import annotations

import shutil
from pathlib import Path

ASIDE = ".aside"  # beside the place, so that a folder can be renamed into it


def exchange(built: Path, place: Path) -> None:
    """Put a folder in the place of another, which is there until the new one is.

    Raises:
        OSError: it cannot be put there; what was there before still is.
    """
    old = built.with_name(f"{built.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rename(old)
    try:
        built.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if built.parent.name == ASIDE and not any(built.parent.iterdir()):
        built.parent.rmdir()
