"""The entries of one route through its parser and its publisher once more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from capture_forwarder.core.batch import Batch, BatchLimits, LineSlice
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.parser import RouteParser
from capture_forwarder.quarantine.place import Kept, is_cut
from capture_forwarder.quarantine.tally import RouteTally

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Held:
    """An entry, its index among its file's, and its line byte for byte."""

    index: int
    kept: Kept
    line: bytes


@dataclass(frozen=True)
class _Work:
    """An entry that can be sent: its index in the file, its inferences with their row indexes."""

    index: int
    entry: QuarantineEntry
    inferences: Sequence[tuple[int, Inference]]
    total: int
    line: bytes

    @property
    def size(self) -> float:
        """The share of the line's bytes."""
        return len(self.line) * len(self.inferences) / self.total

    @property
    def part(self) -> LineSlice:
        """Its share of a batch; a work's inferences are one of a line's, or all."""
        line = Line(self.entry.line_number, self.entry.offset, self.line, len(self.line))
        return LineSlice(line, self.inferences[0][0], len(self.inferences), self.total)


class Sender:
    """Sends entries of one route again.

    Parameters
    ----------
    parser
        The mapping, compiled.
    deliverer
        Publishes batches.
    limits
        The most that one batch may hold.
    dry_run
        Whether nothing is sent.
    """

    def __init__(
        self, parser: RouteParser, deliverer: BatchSender, limits: BatchLimits, *, dry_run: bool
    ) -> None:
        self._parser = parser
        self._sender = deliverer
        self._limits = limits
        self._dry_run = dry_run
        self._last: tuple[CaptureFile, bytes, ParsedLine | Rejection] | None = None
        self._delivered: set[bytes] = set()
        self._tally = RouteTally()

    def send(self, held: Sequence[Held], left: list[list[bytes]], tally: RouteTally) -> None:
        """Send the entries of one file.

        Parameters
        ----------
        held
            The route's entries in it.
        left
            Index in the file → what is to stand there from now on; kept up to date.
        tally
            Is told what became of the entries.

        Raises
        ------
        PublishError
            The platform takes nothing any more; what was not sent is counted as such.
        """
        self._tally = tally
        works = list(self._prepared(held, left))
        unsent = {work.index: work.entry for work in works}
        try:
            for group in _groups(works, self._limits):
                self._deliver(group, left)
                for work in group:
                    del unsent[work.index]
        finally:
            for entry in unsent.values():
                tally.counts(entry).unsent += 1

    def _prepared(self, held: Sequence[Held], left: list[list[bytes]]) -> Iterator[_Work]:
        """Parse the entries; those that cannot be sent are noted at once."""
        for one in held:
            entry = one.kept.entry
            counts = self._tally.counts(entry)
            counts.entries += 1
            if is_cut(entry, one.line):
                self._tally.note_cut(entry)
            elif _digest(entry) in self._delivered:
                counts.repeated += 1
                left[one.index] = []
            elif isinstance(work := self._work(one.index, entry, one.line), Rejection):
                counts.rejected += 1
                self._tally.note(work.reason.value, work.detail)
                left[one.index] = [_rewritten(one.kept, work)]
            elif work.inferences:
                yield work
            else:
                counts.empty += 1
                left[one.index] = []

    def _work(self, index: int, entry: QuarantineEntry, line: bytes) -> _Work | Rejection:
        """What an entry stands for: its line's inferences, or the one that was refused."""
        parsed = self._parsed(CaptureFile(entry.bucket, entry.key, entry.version_id), line)
        if isinstance(parsed, Rejection):
            return parsed
        numbered = list(enumerate(parsed.inferences))
        if entry.inference_id is None:
            return _Work(index, entry, numbered, len(numbered), line)
        own = [(index, found) for index, found in numbered if found.id == entry.inference_id]
        if own:
            return _Work(index, entry, own, len(numbered), line)
        detail = "The line holds no inference with that id any more."
        return Rejection(Reason.RECORD_COUNT_MISMATCH, detail)

    def _parsed(self, capture_file: CaptureFile, line: bytes) -> ParsedLine | Rejection:
        """Parse a line; entries of several inferences of one line follow each other."""
        if self._last is None or self._last[:2] != (capture_file, line):
            self._last = (capture_file, line, self._parser.for_file(capture_file)(line))
        return self._last[2]

    def _deliver(self, group: Sequence[_Work], left: list[list[bytes]]) -> None:
        """Deliver a group of entries and note what is left of them."""
        refused: dict[int, str] = {}
        if not self._dry_run:
            for batch in _batches(group, self._limits):
                outcome = self._sender.deliver(batch)
                refused.update((id(one.inference), one.said) for one in outcome.refused)
        for work in group:
            again = [
                (index, found, refused[id(found)])
                for index, found in work.inferences
                if id(found) in refused
            ]
            self._tally.inferences += len(work.inferences) - len(again)
            left[work.index] = list(self._refused(work, again))
            if again:
                self._tally.counts(work.entry).rejected += 1
            else:
                self._tally.counts(work.entry).delivered += 1
                self._delivered.add(_digest(work.entry))

    def _refused(self, work: _Work, again: Sequence[tuple[int, Inference, str]]) -> Iterator[bytes]:
        """The entries for refused inferences, or the one of a line that was refused whole."""
        reason = Reason.REJECTED_BY_PLATFORM
        whole = len(again) == len(work.inferences)
        for index, inference, said in again:
            changed = msgspec.structs.replace(work.entry, reason=reason.value, detail=said)
            self._tally.note(reason.value, said)
            if whole:
                yield _encode(changed)
                return
            yield _encode(
                msgspec.structs.replace(changed, inference_id=inference.id, row_index=index)
            )


def _rewritten(one: Kept, rejection: Rejection) -> bytes:
    reason, detail = rejection.reason.value, rejection.detail
    if (one.entry.reason, one.entry.detail) == (reason, detail):
        return one.raw
    return _encode(msgspec.structs.replace(one.entry, reason=reason, detail=detail))


def _digest(entry: QuarantineEntry) -> bytes:
    """Tell an entry from others, in a few bytes: a retry of the function may leave it twice."""
    facts = (entry.bucket, entry.key, entry.version_id, entry.offset, entry.inference_id)
    # The line is part of it: without versions another object may lie under the key by now.
    return hashlib.blake2b(_encode((facts, entry.line)), digest_size=16).digest()


def _groups(works: Iterable[_Work], limits: BatchLimits) -> Iterator[list[_Work]]:
    """Entries that fit into one batch together, or one alone that may need several."""
    group: list[_Work] = []
    rows = size = 0.0
    for work in works:
        count = len(work.inferences)
        full = rows + count > limits.rows or size + work.size > limits.bytes
        if group and (full or _source(work) != _source(group[0])):
            yield group
            group, rows, size = [], 0.0, 0.0
        group.append(work)
        rows += count
        size += work.size
    if group:
        yield group


def _source(work: _Work) -> CaptureFile:
    return CaptureFile(work.entry.bucket, work.entry.key, work.entry.version_id)


def _batches(group: Sequence[_Work], limits: BatchLimits) -> Iterator[Batch]:
    capture_file = _source(group[0])
    batch = Batch(
        capture_file,
        capture_file.version_id or "",
        [found for work in group for _, found in work.inferences],
        [work.part for work in group],
        Position(),
    )
    count = len(batch)
    if limits.whole_lines and len(group) == 1:
        yield batch
        return
    size = sum(work.size for work in group)
    step = min(limits.rows, max(1, int(limits.bytes * count / max(size, 1))))
    for start in range(0, count, step):
        yield batch.slice(start, start + step)
