"""Jobs of a queue, each a Dask worker; the scheduler they work for runs in this process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import msgspec
from distributed import Security, Status
from msgspec import Meta

from autograder.errors import ClusterError
from autograder.offering import SALT_VARIABLE

SAFE = "tls://"
Whole = Annotated[int, Meta(ge=1)]


class Jobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Jobs of a queue, each a Dask worker with as many seats as it has cores.

    Attributes:
        memory: of a job, as "32GiB".
        walltime: as the queue writes it.
        certificates: a folder that all machines see and only you may read, for certificates that
            are made anew each time, and for what workers log.
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


def job_queue(jobs: Jobs, folder: Path) -> Any:
    """The queue's cluster, of dask-jobqueue; nothing is submitted yet.

    Args:
        folder: for certificates, as long as the cluster is there; what workers log lies beside it.
    """
    interrupt = signal.getsignal(signal.SIGINT)
    # 0.5 s: for who has a queue
    from dask_jobqueue import PBSCluster, SLURMCluster

    signal.signal(signal.SIGINT, interrupt)  # the import makes Ctrl-C a silent success

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
        log_directory=str(folder.parent),
        protocol=SAFE,
        security=_certificates(folder),
        # its web server starts all the same: where nobody else sees it
        scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        worker_extra_args=["--no-dashboard"],
    )


@contextlib.contextmanager
def submitted(jobs: Jobs) -> Iterator[Any]:
    """Submit jobs; they end with the block, also when this process is told to end.

    Raises:
        ClusterError: the queue does not take them.
    """
    with _terminated_as_interrupted(), contextlib.ExitStack() as stack:
        try:
            shared = Path(os.path.expandvars(jobs.certificates)).expanduser().absolute()
            folder = Path(stack.enter_context(TemporaryDirectory(dir=shared)))
            queue = stack.enter_context(job_queue(jobs, folder))
            while len(queue.worker_spec) < jobs.jobs:
                queue.worker_spec.update(queue.new_worker_spec())
            print(f"{jobs.system}: submitted {_opened(queue)}", file=sys.stderr)
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"jobs cannot be submitted to {jobs.system}: {_said(error)}"
            ) from error
        yield queue


def renew(queue: Any) -> None:
    """Submit again what has ended, as at the end of its time; quick where nothing has."""
    try:
        if opened := _opened(queue):
            print(f"a job of the cluster has ended; submitted {opened}", file=sys.stderr)
    except (OSError, RuntimeError, ValueError) as error:
        print(
            f"a job of the cluster has ended, and no other begins: {_said(error)}", file=sys.stderr
        )


def _certificates(folder: Path) -> Security:
    """New certificates, in files: what is not in a file, dask-jobqueue leaves lying about."""
    made = Security.temporary()
    files = {what: folder / f"{what}.pem" for what in ("ca_file", "client_cert", "client_key")}
    for what, file in files.items():
        file.write_text(getattr(made, f"tls_{what}"))
    roles = ("client", "scheduler", "worker")
    certificates = {f"tls_{role}_cert": str(files["client_cert"]) for role in roles}
    keys = {f"tls_{role}_key": str(files["client_key"]) for role in roles}
    ca = str(files["ca_file"])
    return Security(require_encryption=True, tls_ca_file=ca, **certificates, **keys)


def _opened(queue: Any) -> str:
    """Submit the jobs that should be there and are not; say which, "" for none."""

    async def opened() -> list[str]:
        absent = queue.worker_spec.keys() - queue.workers.keys()
        try:
            if absent:
                await queue
        finally:
            for job in queue.workers.values():
                if job.job_id is None:
                    job.status = Status.failed  # else the queue would not close
        return sorted(queue.workers[name].job_id for name in absent)

    with _salt_withheld():
        return ", ".join(f"job {one}" for one in queue.sync(opened))


def _said(error: Exception) -> str:
    """One line of what went wrong: of a command of the queue, what it wrote."""
    text = str(error)
    return "; ".join((text.partition("stderr:\n")[2] or text).split("\n")).strip("; ")


@contextlib.contextmanager
def _salt_withheld() -> Iterator[None]:
    """Without the secret in the environment, which a queue sends along with a job and keeps."""
    salt = os.environ.pop(SALT_VARIABLE, None)
    try:
        yield
    finally:
        if salt is not None:
            os.environ[SALT_VARIABLE] = salt


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Take the signal to terminate for an interrupt, else jobs would outlive who asked for them."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
