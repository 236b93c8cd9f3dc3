"""Finds the strongest wall that holds here: each is tried before it is trusted."""

from __future__ import annotations

from collections.abc import Iterator

from autograder.errors import WallError

from .container import NoEngine, find_engine
from .gpu import Gpu
from .limits import Limits
from .trial import leaks
from .wall import Bubblewrap, Container, Unconfined, Wall


def build(
    suite: str,
    *,
    allow_unconfined: bool = False,
    limits: Limits | None = None,
    gpu: Gpu | None = None,
    begun: Wall | None = None,
) -> Wall:
    """Find a wall and try it. With a `gpu` it lets that in, for a comparison of devices.

    Args:
        begun: what `wall.begin` returned for the same suite and limits.

    Raises:
        WallError: there is none or it leaks, and `allow_unconfined` is false.
    """
    problems: dict[str, list[str]] = {}
    try:
        for wall in _best_first(suite, limits, gpu, begun):
            problems[wall.level] = leaks(wall)
            if not problems[wall.level]:
                return wall
            wall.close()
    except NoEngine as error:
        problems["container"] = [str(error)]
    if allow_unconfined:
        return Unconfined(suite, limits, gpu=gpu)
    told = "; ".join(f"{level}: {', '.join(what)}" for level, what in problems.items())
    raise WallError(
        f"the sandbox does not hold here ({told}). Install bubblewrap "
        "(`apt-get install bubblewrap`) and allow user namespaces, or install podman or docker "
        "and build its image (`make image`), or pass --allow-unconfined to grade without "
        "protection"
    )


def _best_first(
    suite: str, limits: Limits | None, gpu: Gpu | None, begun: Wall | None
) -> Iterator[Wall]:
    """The walls that protect. CUDA reads /proc, which a fork of the warm process cannot see.

    Raises:
        NoEngine: after those with bubblewrap, when there is no container.
    """
    if gpu is None:
        yield begun or Bubblewrap(suite, limits, warm=True)
    yield Bubblewrap(suite, limits, gpu=gpu)
    yield Container(find_engine(), suite, limits, gpu=gpu)
