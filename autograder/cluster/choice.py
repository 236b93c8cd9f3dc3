"""Which engine grades: the forks of this machine, or a cluster's workers."""

from __future__ import annotations

from autograder.errors import ClusterError
from autograder.judge.batch import Engine, forks, processors


def engine(cluster: str | None, jobs: int | None = None) -> Engine:
    """The engine that the options of a command mean.

    Args:
        cluster: a scheduler's address, or the file that says what there is; None is this machine.
        jobs: notebooks at once on this machine; as many as it has processors when None.

    Raises:
        ClusterError: what is needed for a cluster is not installed, or the address is no safe one.
        RecordError: the file is not in order.
        OSError: the file cannot be read.
    """
    if cluster is None:
        return forks(jobs or processors())
    try:
        # 1 s: dask, which is an extra
        from .engine import cluster_engine
        from .place import read_place
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"--cluster: {error.name} is not installed; install the extra: "
            "pip install -c constraints.txt -e '.[cluster]'"
        ) from error
    return cluster_engine(read_place(cluster))
