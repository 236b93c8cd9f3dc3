"""The submission's process: runs its cells, then probes on request. Nothing here is secret.

Three ways in. *Warm*: one process imports torch and the probes, then waits; for every submission
the judge sends it two descriptors, and it forks. The fork parts from all others (`namespaces.py`)
and forks once more: the child is process 1 of a world of its own and serves, the parent keeps watch
and ends that world when the judge lets go. *Cold*: a process that imports everything and serves
once, where the kernel allows no namespaces inside the sandbox. *Piped*: process 1 of a container,
whose standard streams are the pipes; it imports everything, forks the one that serves, and ends
with it or when the judge lets go.

A request is {"load": cells, "names", "seconds"} or {"probe", "inputs"}; a reply repeats the
request's id and is {"value", "left_out"}, {"value"}, {"trouble"} or {"too_large"}. Student code
may do what it likes in here: the judge reads replies as data about the student's behaviour and
nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from .namespaces import (
    confine,
    die_with_parent,
    enter_namespaces,
    first_to_go,
    set_limits,
    shed_root,
)
from .syscalls import forbid

READY = b"ready".ljust(16)  # the id of the one message nobody asked for
WARM, COLD, PIPED = "warm", "cold", "piped"
UP = b"up"  # what a keeper says once its submission has a world of its own
STATUS = struct.Struct("i")  # what it says in the end: an exit code, or less than 0 for a signal

Serve = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class Orders:
    """What the judge asks of a worker, on its command line."""

    way: str
    descriptors: tuple[int, ...]
    probes: str
    shed: bool
    gpu: bool
    scratch: int
    limits: dict[str, int]

    @staticmethod
    def read(arguments: list[str]) -> Orders:
        """Read `way descriptor,... probes shed gpu scratch NAME=value ...`."""
        way, descriptors, probes, shed, gpu, scratch, *limits = arguments
        return Orders(
            way,
            tuple(int(number) for number in descriptors.split(",")),
            probes,
            shed == "1",
            gpu == "1",
            int(scratch),
            {name: int(value) for name, _, value in (limit.partition("=") for limit in limits)},
        )


def main() -> None:
    """Serve one submission, or fork for many until the judge is gone."""
    orders = Orders.read(sys.argv[1:])
    if orders.way == PIPED:
        orders = dataclasses.replace(orders, descriptors=_moved(orders.descriptors))
    if orders.shed:
        shed_root(alone=orders.way == COLD)
    serve = _prepare(orders.probes)
    if orders.way == WARM:
        _fork_on_request(socket.socket(fileno=orders.descriptors[0]), orders, serve)
    elif orders.way == COLD or _forked(orders.descriptors[0]):
        with contextlib.suppress(OSError):  # not its own file once root was shed
            first_to_go()
        set_limits(orders.limits)
        forbid(gpu=orders.gpu)
        serve(*orders.descriptors)


def _moved(streams: tuple[int, ...]) -> tuple[int, ...]:
    """Give standard streams other numbers, and leave /dev/null where they were."""
    moved = tuple(os.dup(stream) for stream in streams)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return moved


def _forked(reading: int) -> bool:
    """True in a fork; else return when nobody can write to it any more, or end as it has ended."""
    child = os.fork()
    if child == 0:
        return True
    poller = select.poll()
    poller.register(reading, 0)  # tells of the other end's close, not of data
    ended = os.pidfd_open(child)
    poller.register(ended, select.POLLIN)
    if any(descriptor == ended for descriptor, _ in poller.poll()):
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.exit(code if code >= 0 else 128 - code)
    return False


def _prepare(probes_name: str) -> Serve:
    """Import all that student code will use; return what serves a submission."""
    # not above: the judge takes READY and UP from this file before it starts a sandbox, and would
    # itself import torch first, for 1.3 s; nor before root is shed and the streams are moved
    import torch

    import checks
    from checks.program import OWN_SECONDS, Cell, Lesson, Program, describe, fresh_module
    from checks.values import TooLarge, plain

    from .wire import pack, read_frame, unpack, write_frame

    del checks.check  # it would run the public checks, in a process that is to be asked
    torch.set_num_threads(1)  # marks must not depend on the number of cores
    probes = importlib.import_module(probes_name)
    environment = dict(os.environ)
    if hasattr(probes, "warm_up"):
        probes.warm_up()  # what its libraries load on first use is then shared by all forks
    os.environ.clear()  # torch notes the places of its caches there
    os.environ.update(environment)

    def serve(reading: int, writing: int) -> None:
        module = fresh_module("__main__")
        lesson = Lesson(module.__dict__)

        def answer(request: dict[str, Any]) -> dict[str, Any]:
            if "load" in request:
                cells = [Cell(**cell) for cell in request["load"]]
                program = Program(cells, request.get("names", ()))
                program.run(module, request.get("seconds", OWN_SECONDS))
                troubles = {k: dataclasses.asdict(t) for k, t in program.troubles.items()}
                left_out = [dataclasses.asdict(one) for one in program.left_out]
                return {"value": troubles, "left_out": left_out}
            try:
                probe = getattr(probes, request["probe"])
                return {"value": plain(probe(lesson, **request["inputs"]))}
            except TooLarge as error:
                return {"too_large": str(error)}
            except BaseException as error:  # SystemExit too: it is the student's, not ours
                return {"trouble": dataclasses.asdict(describe(error))}

        os.dup2(1, 2)  # what student code prints is nobody's concern; 1 is /dev/null
        write_frame(writing, READY, pack({}))
        while (frame := read_frame(reading)) is not None:
            identity, message = frame
            request = unpack(message, max_text=sys.maxsize)
            write_frame(writing, identity, pack(answer(request)))

    return serve


def _fork_on_request(control: socket.socket, orders: Orders, serve: Serve) -> None:
    """For every message on the control socket, fork a keeper with the descriptors it brings."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the keepers
    gc.collect()
    gc.freeze()  # a fork's collections then leave these pages shared
    control.send(READY)
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 16, 3)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            reading, writing, life = descriptors
            _keep(reading, writing, life, orders, serve)
        for descriptor in descriptors:
            os.close(descriptor)


def _keep(reading: int, writing: int, life: int, orders: Orders, serve: Serve) -> NoReturn:
    """Fork the submission's process into its own namespaces; end it when the judge lets go."""
    status = 1
    try:
        die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        enter_namespaces()
        child = os.fork()
        if child == 0:
            os.setsid()  # signals to its own group then reach nobody else
            os.close(life)
            confine(orders.scratch)
            set_limits(orders.limits)
            forbid(gpu=orders.gpu)
            serve(reading, writing)
        else:
            os.close(reading)
            os.close(writing)
            os.write(life, UP)
            poller = select.poll()
            poller.register(life, select.POLLIN)
            poller.register(os.pidfd_open(child), select.POLLIN)
            poller.poll()
            os.kill(child, signal.SIGKILL)
            _, ended = os.waitpid(child, 0)  # returns once every process of its world has ended
            with contextlib.suppress(OSError):  # the judge is gone
                os.write(life, STATUS.pack(os.waitstatus_to_exitcode(ended)))
        status = 0
    except BaseException:
        traceback.print_exc()  # where the judge looks when a worker does not start
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
