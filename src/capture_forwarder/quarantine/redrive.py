"""Quarantine files whose entries are sent again, each by its own route.

One file at a time: its entries are parsed, their inferences are published, and only then are the
delivered entries taken out of the file. Work that ends in between leaves entries that are already
delivered; they are sent again with the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from capture_forwarder.core.errors import ForwarderError, PublishError, UnexpectedError
from capture_forwarder.core.ports.operator import QuarantineFiles
from capture_forwarder.core.rejection import Reason
from capture_forwarder.quarantine.entries import (
    StoredEntry,
    line_of,
    read_entries,
    write_entries,
)
from capture_forwarder.quarantine.entry_sender import EntrySender
from capture_forwarder.quarantine.file_work import EntryInFile
from capture_forwarder.quarantine.tally import RouteTally, Tally


@dataclass(frozen=True)
class Selection:
    """Which entries to send, and whether delivered ones leave the quarantine.

    Parameters
    ----------
    reason
        Only entries with this reason.
    route
        Only entries of the route with this name.
    dry_run
        Whether to send and change nothing.
    keep
        Whether to leave the quarantine unchanged.
    """

    reason: Reason | None = None
    route: str | None = None
    dry_run: bool = False
    keep: bool = False


class Redrive:
    """Sends entries again.

    Parameters
    ----------
    files
        The quarantine.
    routes
        Route of the entries → what makes its sender, called for the first of its entries.
        Entries of other routes are left alone.
    selection
        Which entries to send.
    """

    def __init__(
        self,
        files: QuarantineFiles,
        routes: Mapping[str, Callable[[], EntrySender]],
        selection: Selection,
    ) -> None:
        self._files = files
        self._routes = routes
        self._selection = selection
        self._senders: dict[str, EntrySender] = {}
        self.tally = Tally({name: RouteTally() for name in routes})

    def run(self, found: Sequence[tuple[str, int]] | None = None) -> Iterator[int]:
        """Work through the files; yields the size of each when it is done.

        A file that cannot be used does not stop the others, nor does a platform that accepts
        nothing stop what goes to others.

        Parameters
        ----------
        found
            The names and sizes of the files; all files of the quarantine by default.

        Raises
        ------
        ForwarderError
            The files cannot be listed.
        """
        listed = self._files.names() if found is None else found
        for number, (name, size) in enumerate(listed, start=1):
            with self._problems_of(name):
                self._file(name)
            if all(route.stopped for route in self.tally.routes.values()):
                self.tally.files_left = len(listed) - number
                return
            yield size

    def _file(self, name: str) -> None:
        data, revision = self._files.read(name)
        stored = read_entries(name, data)
        lines = [line_of(one.entry) for one in stored]
        self.tally.files += 1
        remaining = [[one.raw] for one in stored]
        by_route: dict[str, list[EntryInFile]] = {}
        for index, (one, line) in enumerate(zip(stored, lines, strict=True)):
            if self._selection.reason not in {None, one.entry.reason}:
                continue
            if one.entry.route in self._routes:
                by_route.setdefault(one.entry.route, []).append(EntryInFile(index, one, line))
            else:
                self.tally.other_routes[one.entry.route] += 1
        for route, entries in by_route.items():
            self._send(name, route, entries, remaining)
        self._store(name, revision, stored, remaining)

    def _send(
        self, name: str, route: str, entries: Sequence[EntryInFile], remaining: list[list[bytes]]
    ) -> None:
        """Send the entries of one route in a file; a failure is this route's alone."""
        tally = self.tally.routes[route]
        if (sender := self._sender(route)) is None:
            for one in entries:
                tally.counts(one.entry).entries += 1
                tally.counts(one.entry).unsent += 1
            return
        with self._problems_of(name):
            try:
                sender.send(entries, remaining, tally)
            except PublishError as error:
                tally.stopped = error

    def _sender(self, route: str) -> EntrySender | None:
        """The route's sender; None if its platform accepts nothing."""
        tally = self.tally.routes[route]
        if tally.stopped is None and route not in self._senders:
            try:
                self._senders[route] = self._routes[route]()
            except ForwarderError as error:
                tally.stopped = error
        return None if tally.stopped else self._senders[route]

    def _store(
        self,
        name: str,
        revision: str,
        stored: Sequence[StoredEntry],
        remaining: Sequence[Sequence[bytes]],
    ) -> None:
        """Write back what remains of a file, or delete it when nothing does."""
        if self._selection.dry_run or self._selection.keep:
            return
        raws = [raw for entries in remaining for raw in entries]
        if not raws:
            self._files.remove(name, revision)
        elif raws != [one.raw for one in stored]:
            self._files.replace(name, write_entries(raws), revision)

    @contextmanager
    def _problems_of(self, name: str) -> Iterator[None]:
        """Note what goes wrong with a file, which must not stop the others."""
        try:
            yield
        except ForwarderError as error:
            self.tally.problems.append(error)
        except Exception as error:  # noqa: BLE001 - ends as a failure of this file
            self.tally.problems.append(UnexpectedError(name, error))
