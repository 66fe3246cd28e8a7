"""A stack and options → the backfill of its capture files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.backfill.selection import Place, Selected, Selection, Takes
from capture_forwarder.backfill.sending import Backfill
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import full_hours
from capture_forwarder.core.deployment import Stack
from capture_forwarder.core.errors import UsageError
from capture_forwarder.forwarding.router import matching
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.whole_file import write_whole_file
from capture_forwarder.settings import RouteSettings
from capture_forwarder.setup.findings import Finding
from capture_forwarder.triggers import write_continuation
from capture_forwarder.wiring.doctor import open_stack

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls

GROUP = "backfill"
"""The group of the messages, which lets live files go before them."""


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
    from capture_forwarder.aws.operator.announcing import SqsAnnouncing  # noqa: PLC0415

    subject = open_stack(calls, stack)
    if isinstance(subject, Finding):
        raise UsageError(subject.says, subject.todo)
    found = subject.stack
    first, end = full_hours(since, until or found.created)
    places = tuple(Place(bucket, found.prefix) for bucket in found.buckets)
    selection = Selection(places, first, end, endpoint, variant, route)
    takes = _taken_by(subject.routes, route) if route is not None else _everything
    queue = SqsAnnouncing(calls, subject.resource("CaptureQueue"), GROUP)

    selected = Selected(subject.account.buckets, selection, takes)

    def start(path: str, most_waiting: int) -> Backfill:
        file = LocalProgress(Path(path))
        return Backfill(
            selected, queue, SystemClock(), file, write=_message, most_waiting=most_waiting
        )

    return Source(found, selected, start)


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
