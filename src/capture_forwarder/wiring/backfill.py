"""A stack and options → the backfill of its capture files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.backfill.beginning import first_request
from capture_forwarder.backfill.selection import Place, Selected, Selection, Takes
from capture_forwarder.backfill.sending import Backfill
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import full_hours
from capture_forwarder.core.deployment import Stack
from capture_forwarder.core.errors import NotAllowedError, UsageError
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports.operator import Backfills
from capture_forwarder.forwarding.router import matching
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.whole_file import write_whole_file
from capture_forwarder.settings import RouteSettings
from capture_forwarder.setup.findings import Finding
from capture_forwarder.setup.subject import Subject
from capture_forwarder.triggers import write_continuation, write_list_request
from capture_forwarder.wiring.doctor import open_stack

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls


class LocalProgress:
    """Progress in a local file; see `ProgressFile`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._path)

    def read(self) -> str | None:
        """Its text; see `ProgressFile.read`."""
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            problem = f"{self._path} cannot be read."
            raise UsageError(problem, "Name another file by --progress.") from error

    def write(self, text: str) -> None:
        """Replace it; see `ProgressFile.write`."""
        try:
            write_whole_file(self._path, text.encode())
        except OSError as error:
            problem = f"{self._path} cannot be written: {error.strerror}."
            raise UsageError(problem, "Name another file by --progress.") from error


@dataclass(frozen=True)
class Source:
    """What a backfill works with: the stack and the files."""

    stack: Stack
    selected: Selected
    start: Callable[[str, int], Backfill]
    """Makes the backfill from the path of its progress and the most messages that may wait."""
    hand_over: Callable[[int], ListRequest]
    """Has the function do it, from the most messages that may wait; returns what it was asked."""


def open_source(  # noqa: PLR0913 - one parameter an option
    calls: AwsCalls,
    stack: str,
    *,
    endpoint: str | None,
    variant: str | None,
    since: datetime | None,
    until: datetime | None,
    route: str | None,
) -> Source:
    """Look up what a backfill sends.

    Parameters
    ----------
    calls
        AWS.
    stack
        The stack's name.
    endpoint, variant, since, until, route
        Which files, and for which route; without `until`, those of before the stack was made.

    Raises
    ------
    UsageError
        There is no such stack or route.
    ForwarderError
        The stack or the routes cannot be read.
    """
    from capture_forwarder.aws.announcing import SqsAnnouncing  # noqa: PLC0415

    subject = _existing(calls, stack)
    found = subject.stack
    first, end = full_hours(since, until or found.created)
    places = tuple(Place(bucket, found.prefix) for bucket in found.buckets)
    selection = Selection(places, first, end, endpoint, variant, route)
    takes = _taken_by(subject.routes, route) if route is not None else _everything
    queue = SqsAnnouncing(lambda: calls.client("sqs"), subject.resource("CaptureQueue"))

    selected = Selected(subject.account.buckets, selection, takes)

    def start(path: str, most_waiting: int) -> Backfill:
        file = LocalProgress(Path(path))
        return Backfill(
            selected, queue, SystemClock(), file, write=_message, most_waiting=most_waiting
        )

    def hand_over(most_waiting: int) -> ListRequest:
        _check_version(subject)
        request = first_request(selection, most_waiting, SystemClock().now())
        queue.leave(write_list_request(request))
        return request

    return Source(found, selected, start, hand_over)


def open_backfills(calls: AwsCalls, stack: str) -> Backfills:
    """Open what the stack's ledger holds of backfills that the function does by itself.

    Raises
    ------
    UsageError
        There is no such stack.
    AccountError
        AWS refuses.
    """
    from capture_forwarder.aws.operator.backfills import DynamoDbBackfills  # noqa: PLC0415

    subject = _existing(calls, stack)
    return DynamoDbBackfills(calls, subject.resource("LedgerTable"), SystemClock())


def _existing(calls: AwsCalls, stack: str) -> Subject:
    subject = open_stack(calls, stack)
    if isinstance(subject, Finding):
        raise UsageError(subject.says, subject.todo)
    return subject


def _check_version(subject: Subject) -> None:
    """Look whether the function knows what it may list; one that was deployed before does not."""
    try:
        known = subject.function.environment
    except NotAllowedError:
        return
    if "FORWARDER_CAPTURE_BUCKETS" not in known:
        raise UsageError(
            f"The function of the stack {subject.stack.name} cannot do it by itself: it has no "
            "FORWARDER_CAPTURE_BUCKETS.",
            "Build and deploy the stack again, or leave --detach out.",
        )


def _message(capture_file: CaptureFile, routes: Sequence[str]) -> str:
    return write_continuation(capture_file, 0, routes)


def _everything(_: CaptureFile) -> bool:
    return True


def _taken_by(routes: Sequence[RouteSettings], name: str) -> Takes:
    """Whether a file takes the route; one that does not would be a message that fails."""
    if name not in {route.name for route in routes}:
        listed = ", ".join(route.name for route in routes)
        raise UsageError(f"There is no route {name}.", f"The function's routes are: {listed}.")
    return lambda file: any(route.name == name for route in matching(routes, file))
