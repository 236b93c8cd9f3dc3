"""`--cluster`, wherever it may stand; light, since every command reads it."""

from __future__ import annotations

import argparse


def add_cluster(command: argparse.ArgumentParser | argparse._MutuallyExclusiveGroup) -> None:
    """Add the option to a command, or to what it excludes."""
    command.add_argument(
        "--cluster",
        metavar="ADDRESS|FILE",
        help="grade on many machines: a Dask scheduler, tls://host:port, or a TOML file",
    )
