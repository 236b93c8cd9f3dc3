"""`python -m autograder serve`: gets ready once, then grades whatever comes, until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from dataclasses import replace
from pathlib import Path

from autograder.assignment import Assignment, released_notebook
from autograder.errors import GraderError, ServerError
from autograder.judge.batch import Grader, processors
from autograder.judge.grade import resume
from autograder.judge.results import Results
from autograder.notebook.repair import repair
from autograder.offering import Offering
from autograder.wall.build import build
from autograder.wall.wall import Wall

from .server import Server
from .unix_socket import listening, require_place


def run(options: argparse.Namespace, begun: Wall) -> int:
    """Serve until told to end.

    Args:
        begun: what `wall.begin` returned for the assignment.

    Raises:
        ServerError: the socket cannot be there, or what marks depend on has changed.
        GraderError: the solution does not earn all points here.
    """
    place = options.socket.absolute()
    require_place(place)  # better now than when all is ready
    assignment = Assignment(options.assignment)
    release = released_notebook(assignment)
    wall = build(assignment.name, allow_unconfined=options.allow_unconfined, begun=begun)
    with contextlib.closing(wall):
        grader = Grader(Offering.here(assignment), release, wall, results=Results())
        get_ready(grader)
        jobs = options.jobs or processors()
        if changed := asyncio.run(_served(grader, jobs, place, options.group)):
            raise ServerError(f"{changed}; start it again")
    return 0


def get_ready(grader: Grader) -> None:
    """Know what every submission needs, since forks begin with what is known here.

    Raises:
        GraderError: the solution does not earn all points; nobody's marks would be right.
    """
    offering = grader.offering
    assignment = offering.assignment
    if grader.results is not None and grader.results.beside is not None:
        resume(offering, grader.results.beside)
    solved = repair(assignment.source, assignment.source)
    outcome = replace(grader, results=None).graded(assignment.lesson, solved)
    if outcome.report is None:
        raise GraderError(outcome.error)
    if outcome.report.points != outcome.report.max_points:
        raise GraderError(
            f"the solution of {assignment.name!r} earns {outcome.report.points:g} of "
            f"{outcome.report.max_points:g} points here; see: python -m autograder doctor"
        )


async def _served(grader: Grader, jobs: int, place: Path, group: str | None) -> str:
    """Serve until told to end; why, if nobody has told it."""
    server = Server(grader, jobs, place)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, server.end)
    with listening(place, group) as listener:
        server.http.add_socket(listener)
        name = grader.offering.assignment.name
        print(f"grading {name}, {jobs} at once, behind {grader.wall.level}: {place}", flush=True)
        try:
            return await asyncio.shield(server.ended)  # Ctrl-C cancels what is awaited
        finally:
            await server.close()
