"""Quarantine files whose entries are sent again, each by its own route.

One file at a time: its entries are parsed, their inferences are published, and only then are the
delivered entries taken out of the file. What ends the work in between leaves entries that were
delivered already; they are sent again with the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from capture_forwarder.core.errors import ForwarderError, PublishError, UnexpectedError
from capture_forwarder.core.rejection import Reason
from capture_forwarder.quarantine.place import (
    Kept,
    QuarantineFiles,
    line_of,
    read_entries,
    write_entries,
)
from capture_forwarder.quarantine.sender import Held, Sender
from capture_forwarder.quarantine.tally import RouteTally, Tally


@dataclass(frozen=True)
class Selection:
    """Which entries to take, and whether what was delivered leaves the quarantine."""

    reason: Reason | None = None
    dry_run: bool = False
    keep: bool = False


class Redrive:
    """Sends entries again.

    Parameters
    ----------
    files
        The quarantine.
    routes
        Route of the entries → what puts their sender to work, when the first of them is met.
        Entries of other routes are left alone.
    selection
        Which entries.
    """

    def __init__(
        self,
        files: QuarantineFiles,
        routes: Mapping[str, Callable[[], Sender]],
        selection: Selection,
    ) -> None:
        self._files = files
        self._routes = routes
        self._selection = selection
        self._senders: dict[str, Sender] = {}
        self.tally = Tally({name: RouteTally() for name in routes})

    def run(self, names: Sequence[tuple[str, int]]) -> Iterator[int]:
        """Work through the files; yields the size of each when it is done.

        A file that cannot be used does not stop the others, nor does a platform that takes
        nothing stop what goes to others.
        """
        for number, (name, size) in enumerate(names, start=1):
            try:
                self._file(name)
            except ForwarderError as error:
                self.tally.problems.append(error)
            except Exception as error:  # noqa: BLE001 - ends as a failure of this file
                self.tally.problems.append(UnexpectedError(name, error))
            if all(route.stopped for route in self.tally.routes.values()):
                self.tally.files_left = len(names) - number
                return
            yield size

    def _file(self, name: str) -> None:
        data, revision = self._files.read(name)
        kept = read_entries(name, data)
        self.tally.files += 1
        lines = [line_of(one.entry) for one in kept]
        left = [[one.raw] for one in kept]
        own: dict[str, list[Held]] = {}
        for place, (one, line) in enumerate(zip(kept, lines, strict=True)):
            if self._selection.reason not in {None, one.entry.reason}:
                continue
            if one.entry.route in self._routes:
                own.setdefault(one.entry.route, []).append(Held(place, one, line))
            else:
                self.tally.other_routes[one.entry.route] += 1
        for route, held in own.items():
            self._send(name, route, held, left)
        self._settle(name, revision, kept, left)

    def _send(self, name: str, route: str, held: Sequence[Held], left: list[list[bytes]]) -> None:
        """Send the entries of one route in a file; a failure is this route's alone."""
        tally = self.tally.routes[route]
        if (sender := self._sender(route)) is None:
            for one in held:
                tally.counts(one.kept.entry).entries += 1
                tally.counts(one.kept.entry).unsent += 1
            return
        try:
            sender.send(held, left, tally)
        except PublishError as error:
            tally.stopped = error
        except ForwarderError as error:
            self.tally.problems.append(error)
        except Exception as error:  # noqa: BLE001 - ends as a failure of this file
            self.tally.problems.append(UnexpectedError(name, error))

    def _sender(self, route: str) -> Sender | None:
        """The route at work; None if its platform takes nothing."""
        tally = self.tally.routes[route]
        if tally.stopped is None and route not in self._senders:
            try:
                self._senders[route] = self._routes[route]()
            except ForwarderError as error:
                tally.stopped = error
        return None if tally.stopped else self._senders[route]

    def _settle(
        self, name: str, revision: str, kept: Sequence[Kept], left: Iterable[Sequence[bytes]]
    ) -> None:
        """Write back what is left of a file, or delete it when nothing is."""
        if self._selection.dry_run or self._selection.keep:
            return
        raws = [raw for entries in left for raw in entries]
        if not raws:
            self._files.remove(name, revision)
        elif raws != [one.raw for one in kept]:
            self._files.replace(name, write_entries(raws), revision)
