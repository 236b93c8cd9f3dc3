"""The parts, in the order in which they are worth most, and what each cannot do without."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass

# what reads a notebook and runs a suite
GRADER = ("numpy", "msgspec", "nbformat", "jupytext", "safetensors", "pytest", "sacrebleu")


@dataclass(frozen=True)
class Part:
    """A module whose function `found` yields what it finds.

    Attributes:
        seconds: after so many, of six minutes for all, it is ended; what it had found is kept.
        modules: Python modules that it needs besides torch.
        programs: programs that it needs.
    """

    name: str
    module: str
    title: str
    seconds: float
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """What it needs and this machine has not."""
        modules = [name for name in self.modules if importlib.util.find_spec(name) is None]
        return modules + [name for name in self.programs if shutil.which(name) is None]


HERE = "tests.gpu."
PARTS = (
    Part("conformance", HERE + "conformance", "rules of the simulated GPU", 90, ("numpy",)),
    Part("recurrent", HERE + "recurrent", "states that cuDNN takes", 30),
    Part("spread", HERE + "spread", "tolerances", 90, ("numpy", "msgspec", "nbformat", "jupytext")),
    Part("entries", HERE + "entries", "the corpus of submissions", 180, (*GRADER, "tqdm")),
    Part("wall", HERE + "walls", "the wall with device nodes", 60, GRADER, ("bwrap",)),
    Part("marks", HERE + "marks", "a class of eight", 120, (*GRADER, "tqdm")),
    Part(
        "attacks",
        HERE + "attacks",
        "attacks on that wall",
        180,
        (*GRADER, "psutil", "bs4"),
        ("bwrap",),
    ),
)


def part(name: str) -> Part:
    """The part of a name.

    Raises:
        ValueError: there is none.
    """
    for one in PARTS:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in PARTS)
    raise ValueError(f"no part {name!r}; there are {known}")
