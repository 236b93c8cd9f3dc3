"""Where a cluster is: a scheduler that runs, or one of our own whose workers a job queue starts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from distributed import Security
from msgspec import Meta

from autograder.errors import ClusterError, RecordError
from autograder.files import read_typed
from autograder.records import read_toml, typed

from .jobs import SAFE, Jobs, renew, submitted

Seconds = Annotated[float, Meta(gt=0)]


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


@dataclass(frozen=True)
class Reached:
    """A scheduler that is there.

    Attributes:
        security: what is needed to talk to it.
        renew: submits jobs again that have ended; to be called now and then.
    """

    address: str
    security: Security
    renew: Callable[[], None] = lambda: None


@contextlib.contextmanager
def reached(place: Place) -> Iterator[Reached]:
    """The scheduler of a place; jobs end with the block.

    Raises:
        ClusterError: no certificates are named, or jobs cannot be submitted.
    """
    if place.jobs is None:
        yield Reached(place.scheduler, certificates(place))
        return
    with submitted(place.jobs) as queue:
        yield Reached(queue.scheduler_address, queue.security, partial(renew, queue))


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
