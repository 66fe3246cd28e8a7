"""The entries of one route, sent once more: through its mapping, in batches, to its publisher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Publisher
from capture_forwarder.core.rejection import Rejection
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.collecting import collecting
from capture_forwarder.forwarding.preparation import Preparation
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.forwarding.settled import Refusal
from capture_forwarder.parser import ParseLine, RouteParser
from capture_forwarder.quarantine.file_work import EntryInFile, FileWork
from capture_forwarder.quarantine.tally import RouteTally


class EntrySender:
    """Sends entries of one route again.

    Parameters
    ----------
    preparation
        Compiles the route's mapping.
    publisher
        Where inferences go.
    sender
        Delivers batches to it.
    dry_run
        Whether to send nothing, and say what would be sent.
    """

    def __init__(
        self, preparation: Preparation, publisher: Publisher, sender: BatchSender, *, dry_run: bool
    ) -> None:
        self._preparation = preparation
        self._publisher = publisher
        self._sender = sender
        self._dry_run = dry_run
        self._delivered: set[bytes] = set()

    def send(
        self, entries: Sequence[EntryInFile], remaining: list[list[bytes]], tally: RouteTally
    ) -> None:
        """Send the entries of one file.

        Parameters
        ----------
        entries
            The route's entries in the file.
        remaining
            For each entry of the file, what is to be stored in its stead; kept up to date.
        tally
            Counts what became of the entries.

        Raises
        ------
        PublishError
            The platform accepts nothing more. Entries that were not sent are counted as such.
        """
        unsent = {one.index: one.entry for one in entries}
        for entry in unsent.values():
            tally.counts(entry).entries += 1
        work = FileWork(remaining, tally, unsent, self._delivered)
        try:
            parser = self._preparation.parser()
            for capture_file, own in _by_capture_file(entries):
                self._send(capture_file, own, parser, work)
        finally:
            for entry in unsent.values():
                tally.counts(entry).unsent += 1

    def _send(
        self,
        capture_file: CaptureFile,
        entries: Sequence[EntryInFile],
        parser: RouteParser,
        work: FileWork,
    ) -> None:
        parse = _RememberingLast(parser.for_file(capture_file))
        builder = BatchBuilder(
            self._publisher.limits,
            capture_file,
            capture_file.version_id or "",
            collecting(as_json=self._publisher.takes_json),
        )
        for one in entries:
            for batch in work.take(one, parse, builder):
                self._deliver(batch, work)
        for batch in builder.cut(Position()):
            self._deliver(batch, work)

    def _deliver(self, batch: Batch, work: FileWork) -> None:
        refused: tuple[Refusal, ...] = ()
        if not self._dry_run:
            # Its lines are some of a file's, so that it says nothing of how far the file is done.
            refused = self._sender.deliver(replace(batch, position=Position())).refused
        work.settle(batch, refused)


class _RememberingLast:
    """Parses a line once where several entries in a row are inferences of the same line."""

    def __init__(self, parse: ParseLine) -> None:
        self._parse = parse
        self._last: tuple[bytes, ParsedLine | Rejection] | None = None

    def __call__(self, line: bytes) -> ParsedLine | Rejection:
        if self._last is None or self._last[0] != line:
            self._last = (line, self._parse(line))
        return self._last[1]


def _by_capture_file(
    entries: Sequence[EntryInFile],
) -> Iterator[tuple[CaptureFile, list[EntryInFile]]]:
    """Neighbouring entries of one capture file together."""
    own: list[EntryInFile] = []
    for one in entries:
        if own and one.capture_file != own[0].capture_file:
            yield own[0].capture_file, own
            own = []
        own.append(one)
    if own:
        yield own[0].capture_file, own
