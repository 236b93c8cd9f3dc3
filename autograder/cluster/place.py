"""Where a cluster is: a scheduler that runs, or one of our own whose workers a job queue starts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from distributed import Security
from msgspec import Meta

from autograder.errors import ClusterError, RecordError
from autograder.files import read_typed
from autograder.records import read_toml, typed

SAFE = "tls://"
Whole = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class Jobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs of a queue, each a Dask worker with as many seats as it has cores.

    Attributes:
        memory: of a job, as "32GiB".
        walltime: as the queue writes it.
        certificates: a folder that all machines see and only you may read, for certificates that
            are made anew each time.
        interface: the network that workers and scheduler share, as "ib0".
        before: lines of shell before the worker starts.
        options: further lines for the queue, without its own sign.
    """

    system: Literal["slurm", "pbs"]
    cores: Whole
    memory: str
    certificates: str
    jobs: Whole = 1
    walltime: str = "01:00:00"
    queue: str = ""
    account: str = ""
    interface: str = ""
    before: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file about a cluster says.

    Attributes:
        scheduler: its address.
        ca, certificate, key: files of the certificates; where none are named, Dask's own settings.
        jobs: in place of a scheduler.
        patience: seconds to wait for a scheduler, or for a worker that may grade.
    """

    scheduler: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    jobs: Jobs | None = None
    patience: Seconds = 600.0


def read_place(text: str) -> Place:
    """What `--cluster` names.

    Raises:
        ClusterError: it names no scheduler, several, or one that is not reached over TLS.
        RecordError: the file is not in order.
        OSError: the file cannot be read.
    """
    if "://" in text:
        place = Place(scheduler=text)
    else:
        try:
            place = typed(read_toml(read_typed(Path(text))), Place)
        except RecordError as error:
            raise RecordError(f"{text}: {error}") from error
    if bool(place.scheduler) == (place.jobs is not None):
        raise ClusterError(f"{text}: name either a scheduler or [jobs]")
    if place.scheduler and not place.scheduler.startswith(SAFE):
        raise ClusterError(
            f"{place.scheduler}: students' code and the secret travel only over TLS; "
            f"expected {SAFE}host:port"
        )
    return place


@contextlib.contextmanager
def reached(place: Place) -> Iterator[tuple[str, Security]]:
    """The address of the scheduler and what is needed to talk to it; jobs end with the block.

    Raises:
        ClusterError: no certificates are named, or jobs cannot be submitted.
    """
    if place.jobs is None:
        yield place.scheduler, certificates(place)
        return
    try:
        queue = job_queue(place.jobs)
    except (OSError, RuntimeError, ValueError) as error:
        raise ClusterError(f"jobs cannot be submitted to {place.jobs.system}: {error}") from error
    with queue:
        queue.scale(jobs=place.jobs.jobs)
        yield queue.scheduler_address, queue.security


def certificates(place: Place) -> Security:
    """What the client shows and trusts.

    Raises:
        ClusterError: a file is missing, or none is named.
    """
    named = {"tls_ca_file": place.ca, "tls_client_cert": place.certificate}
    named["tls_client_key"] = place.key
    security = Security(require_encryption=True, **{k: v for k, v in named.items() if v})
    files = security.get_tls_config_for_role("client")
    for name, file in ((name, files[name]) for name in ("ca_file", "cert", "key")):
        if not file:
            raise ClusterError(
                f"no certificates: name ca, certificate and key in a file for --cluster, or set "
                f"Dask's distributed.comm.tls ({name} is not set)"
            )
        if "\n" not in file and not Path(file).is_file():  # else it is the certificate itself
            raise ClusterError(f"certificate {file} is not there")
    return security


def job_queue(jobs: Jobs) -> Any:
    """The queue's cluster, of dask-jobqueue; nothing is submitted yet."""
    # 0.5 s: for who has a queue
    from dask_jobqueue import PBSCluster, SLURMCluster

    kind = {"slurm": SLURMCluster, "pbs": PBSCluster}[jobs.system]
    return kind(
        cores=jobs.cores,
        processes=1,
        memory=jobs.memory,
        walltime=jobs.walltime,
        queue=jobs.queue or None,
        account=jobs.account or None,
        interface=jobs.interface or None,
        job_script_prologue=list(jobs.before),
        job_extra_directives=list(jobs.options),
        protocol=SAFE,
        security=Security.temporary(),
        shared_temp_directory=jobs.certificates,
        # its web server starts all the same: where nobody else sees it
        scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        worker_extra_args=["--no-dashboard"],
    )
