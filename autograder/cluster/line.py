"""One connection to a scheduler: who may grade there, what was asked, what was heard."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from distributed import Client, Future

from autograder.errors import ClusterError

from .order import Admission, Heard, Order, resource
from .place import Reached
from .worker import Seats, admitted, work

LOOK_SECONDS = 1.0  # between two looks at who is there
AHEAD = 2  # orders for each seat: one is graded, one waits beside it
TRIED_SECONDS = 30.0  # for one attempt to connect


class Lost(Exception):
    """The scheduler is gone, or all workers that might have answered."""


class Line:
    """A connection. What it was asked and has not told when it is lost is to be asked again."""

    def __init__(
        self,
        reached: Reached,
        seats: Seats,
        conditions: Mapping[str, str],
        refused: set[str],
    ) -> None:
        """Connect, and have all workers try their walls, those that come later too.

        Args:
            refused: what was said of workers that may not grade; nothing is said twice.

        Raises:
            Lost: nobody answers there.
        """
        self._renew = reached.renew
        self._seats, self._conditions, self._refused = seats, conditions, refused
        self._resource = resource(conditions)
        self._known: dict[str, bool] = {}  # by a worker's address: whether it may grade
        self._looked = 0.0
        self.slots = 0
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it means is told here
        try:
            self._client = Client(
                reached.address,
                security=reached.security,
                timeout=TRIED_SECONDS,
                set_as_default=False,
            )
        except OSError as error:
            raise Lost(str(error)) from error
        try:
            self._client.register_plugin(seats)
        except (OSError, TimeoutError) as error:
            self.close()
            raise Lost(str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up what was asked and is not told."""
        with contextlib.suppress(Exception):  # of a scheduler that is no longer there
            self._client.close(timeout=TRIED_SECONDS)

    def wait(self, patience: float) -> None:
        """Wait until a worker may grade.

        Raises:
            ClusterError: none came in time.
            Lost: the scheduler is gone.
        """
        end = time.monotonic() + patience
        while not self.look():
            if time.monotonic() > end:
                there = len(self._known)
                raise ClusterError(
                    f"no worker of the cluster may grade: {there} there, none admitted in "
                    f"{patience:g} s" + "".join(f"; {one}" for one in sorted(self._refused))
                )
            time.sleep(LOOK_SECONDS)

    def look(self) -> int:
        """See who is there; return how many orders may be under way.

        Raises:
            Lost: the scheduler is gone, or every worker that might have answered.
        """
        if self._client.status != "running":
            raise Lost("the connection to the scheduler is lost")
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return AHEAD * self.slots
        self._renew()
        before = {address for address, may in self._known.items() if may}
        try:
            # scheduler_info() says now and then that nobody is there: a callback of the client
            # overwrites what it answers
            there: dict[str, int] = self._client.nthreads()
            self._ask([address for address in there if address not in self._known])
        except (OSError, TimeoutError) as error:
            raise Lost(str(error)) from error
        self._looked = time.monotonic()
        self._known = {address: may for address, may in self._known.items() if address in there}
        if before and not before & set(there):  # then nobody is left whom the scheduler would ask
            raise Lost("no worker is left of those that graded")
        self.slots = sum(there[address] for address, may in self._known.items() if may)
        return AHEAD * self.slots

    def _ask(self, new: list[str]) -> None:
        """Hear from workers what they have found about themselves."""
        if not new:
            return
        told = self._client.run(admitted, self._seats.name, workers=new, on_error="ignore")
        for address, found in told.items():
            if found is not None:
                why = self._against(Admission(**found))
                self._known[address] = not why
                if why and why not in self._refused:
                    self._refused.add(why)
                    print(f"refused: a worker ({address}): {why}", file=sys.stderr)

    def _against(self, admission: Admission) -> str:
        """Why a worker may not grade, "" if it may."""
        if admission.refused:
            return admission.refused
        theirs = admission.conditions
        differ = [name for name, ours in self._conditions.items() if theirs.get(name) != ours]
        if not differ:
            return ""
        name = differ[0]
        ours = self._conditions[name]
        return f"its {', '.join(differ)} differ: {theirs.get(name)} there, {ours} here"

    def ask(self, name: str, order: Order) -> Future:
        """Ask for an order to be graded. A name stands in logs and dashboards.

        Raises:
            Lost: the connection is closed.
        """
        wanted = {self._resource: 1}
        try:
            return self._client.submit(work, order, key=name, resources=wanted, pure=False)
        except Exception as error:  # a client that has given up says so in several ways
            raise Lost(str(error)) from error

    def told(self, futures: Iterable[Future]) -> Iterator[tuple[Future, Heard]]:
        """What was heard meanwhile of orders.

        Raises:
            Lost: the scheduler is gone.
        """
        for future in futures:
            if not future.done():
                continue
            if future.status == "cancelled":
                raise Lost("the scheduler has forgotten what it was asked")
            try:
                answer: dict[str, Any] = future.result(timeout=TRIED_SECONDS)
            except (OSError, TimeoutError) as error:
                raise Lost(str(error)) from error
            except Exception as error:  # whatever Dask says of a worker that ended
                yield future, Heard(error=f"its worker was lost: {error}", lost=True)
            else:
                yield future, Heard(**answer)
