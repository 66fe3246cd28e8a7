"""The function announces capture files to itself, a request after the other.

A request lists pages and sends their files, until the queue holds enough or the time is up. Then
the next request is sent, which says where to go on; then the ledger records that this one is done;
then its message is acknowledged. Wherever that breaks off, the message comes again:

- before the next request was sent: the files since this request began are announced once more,
  which the ledger notices of each of them;
- after it: the next request may have been sent twice. The ledger lets one of them go on and knows
  the other for done, so that there is one chain of requests again.

SQS counts its messages with a delay of up to a minute. So the next request comes a minute later,
and what it counts is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import msgspec

from capture_forwarder.backfill.announce import Write, announce
from capture_forwarder.backfill.record import ledger_key, recorded
from capture_forwarder.backfill.selection import Folder, Page, Place, Selected, Selection, Takes
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import full_hours
from capture_forwarder.core.errors import (
    AccountError,
    ForwarderError,
    UnknownEventError,
)
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports import Announcing, Clock, Ledger
from capture_forwarder.core.ports.operator import Pages
from capture_forwarder.forwarding.deadline import in_time

NEXT_SECONDS = 60  # source: GetQueueAttributes in the SQS API reference
_AT_ONCE = 100
# What leaving the rest to a later request takes, if a call of AWS has to be repeated.
_STOPPING_SECONDS = 6.0
_FULL_FOR_AN_HOUR = 60
_ADVICE = "The request is tried again."


@dataclass(frozen=True)
class Bounds:
    """Where the function may list: its capture buckets, and how the keys of its captures begin."""

    buckets: tuple[str, ...]
    prefix: str = ""

    def check(self, address: str) -> Place:
        """Read an address that a request names.

        Raises
        ------
        UnknownEventError
            The function forwards nothing from there, so it lists nothing there.
        """
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        if (
            not address.startswith("s3://")
            or bucket not in self.buckets
            or not prefix.startswith(self.prefix)
        ):
            listed = ", ".join(f"s3://{one}/{self.prefix}" for one in self.buckets)
            raise UnknownEventError(
                "A request asks for a listing of a place that is not the function's.",
                f"It lists below {listed} (FORWARDER_CAPTURE_BUCKETS, FORWARDER_CAPTURE_PREFIX).",
            )
        return Place(bucket, prefix)


class Teller(Protocol):
    """Who hears how a backfill goes."""

    def announced(self, request: ListRequest, files: int, *, done: bool) -> None:
        """Report a step.

        Parameters
        ----------
        request
            The request that goes on with it, and that says how far it is.
        files
            How many files this step announced.
        done
            Whether it was the last one.
        """
        ...

    def warn(self, message: str, **facts: object) -> None:
        """Report something that an operator should look at."""
        ...


class DetachedBackfill:
    """Works off requests for listings; see `Lister`.

    Parameters
    ----------
    pages, queue, ledger, clock, reporter
        What it works with: the bucket, the function's own queue, and so on.
    bounds
        Where it may list.
    takes
        Makes, from the name of a route, whether the route takes a file.
    write, write_request
        Write the messages that announce a file, and that ask for the next listing.
    lease_seconds
        How long an invocation that died keeps others from the backfill.
    """

    def __init__(  # noqa: PLR0913 - what it works with
        self,
        pages: Pages,
        queue: Announcing,
        ledger: Ledger,
        clock: Clock,
        reporter: Teller,
        *,
        bounds: Bounds,
        takes: Callable[[str], Takes],
        write: Write,
        write_request: Callable[[ListRequest], str],
        lease_seconds: float,
    ) -> None:
        self._pages = pages
        self._queue = queue
        self._ledger = ledger
        self._clock = clock
        self._reporter = reporter
        self._bounds = bounds
        self._takes = takes
        self._write = write
        self._write_request = write_request
        self._lease_seconds = lease_seconds

    def work(self, request: ListRequest, owner: str, deadline: float | None) -> str:
        """Do what there is time and room for; see `Lister.work`."""
        selected = self._selected(request)
        return in_time(
            lambda: self._claimed(request, selected, owner, deadline),
            f"the listing of backfill {request.id}",
            self._clock,
            deadline,
        )

    def _selected(self, request: ListRequest) -> Selected:
        places = tuple(self._bounds.check(place) for place in request.places)
        if request.folder:
            self._bounds.check(request.folder)
        chosen = Selection(
            places,
            *full_hours(request.since, request.until),
            request.endpoint,
            request.variant,
            request.route,
        )
        takes = _everything if request.route is None else self._takes(request.route)
        return Selected(self._pages, chosen, takes)

    def _claimed(
        self, request: ListRequest, selected: Selected, owner: str, deadline: float | None
    ) -> str:
        key = ledger_key(request.id)
        claim = self._ledger.claim(key, owner, self._lease_seconds)
        if claim.finished:
            return f"backfill {request.id} is over"
        try:
            if request.step < claim.position.offset:
                return f"request {request.step} of backfill {request.id} was done before"
            room = request.waiting - self._queue.depth()
            reached, done = self._announced(request, selected, owner, room, deadline)
            following = msgspec.structs.replace(
                reached, step=request.step + 1, full=0 if room > 0 else request.full + 1
            )
            self._pass_on(following, owner, done=done)
        finally:
            # The next request has another owner. If this fails, the lease runs out by itself.
            with suppress(ForwarderError):
                self._ledger.release(key, owner)
        self._reporter.announced(following, reached.sent - request.sent, done=done)
        return "the backfill is done" if done else "the backfill goes on by a later request"

    def _announced(
        self,
        request: ListRequest,
        selected: Selected,
        owner: str,
        room: int,
        deadline: float | None,
    ) -> tuple[ListRequest, bool]:
        """Announce files; return how far that came, and whether all is done."""
        reached, done = request, False
        renewed = self._clock.monotonic()
        try:
            for part in self._parts(request, selected, room):
                reached, done = part
                now = self._clock.monotonic()
                late = deadline is not None and now >= deadline - _STOPPING_SECONDS
                if late and reached != request:  # else the next request would stop here as well
                    break
                if now - renewed >= self._lease_seconds / 4:
                    # Fails where the backfill was stopped.
                    self._ledger.save(
                        ledger_key(request.id), owner, recorded(request), self._lease_seconds
                    )
                    renewed = now
        except AccountError as error:
            if reached == request:
                raise
            # What was announced counts, and a later request tries again what failed.
            self._reporter.warn("a later request goes on with the backfill", problem=str(error))
        return reached, done

    def _parts(
        self, request: ListRequest, selected: Selected, room: int
    ) -> Iterator[tuple[ListRequest, bool]]:
        """Announce a part after the other; yields how far that is, and whether all is done."""
        reached = request
        routes = [request.route] if request.route else []
        for folder in _folders_from(request, selected):
            after = request.after if request.folder == str(folder) else ""
            for page in selected.pages(folder, after):
                rest: Page | None = page
                while rest is not None:
                    if room <= 0:
                        return
                    part, rest = rest.cut(min(_AT_ONCE, room))
                    files = [CaptureFile(folder.bucket, file.key) for file in part.files]
                    bodies = [self._write(file, routes) for file in files]
                    announce(self._queue, self._clock, bodies, _ADVICE)
                    room -= len(files)
                    after = part.last or after
                    reached = msgspec.structs.replace(
                        reached,
                        folder=str(folder),
                        after=after,
                        sent=reached.sent + len(files),
                        passed_over=reached.passed_over + part.passed_over,
                    )
                    yield reached, False
        yield reached, True

    def _pass_on(self, following: ListRequest, owner: str, *, done: bool) -> None:
        key, record = ledger_key(following.id), recorded(following)
        if done:
            self._ledger.finish(key, owner, record)
            return
        if following.full and following.full % _FULL_FOR_AN_HOUR == 0:
            self._reporter.warn(
                "the backfill waits for the queue to drain",
                backfill=following.id,
                hours=following.full // _FULL_FOR_AN_HOUR,
            )
        self._queue.leave(self._write_request(following), NEXT_SECONDS)
        self._ledger.save(key, owner, record, self._lease_seconds)


def _folders_from(request: ListRequest, selected: Selected) -> Iterator[Folder]:
    """The folder that the request is at, and those behind it, which are looked for only then."""
    at = Folder.at(request.folder) if request.folder else None
    if at is not None:
        yield at
    for folder in selected.folders():
        if at is None or selected.comes_before(at, folder):
            yield folder


def _everything(_: CaptureFile) -> bool:
    return True
