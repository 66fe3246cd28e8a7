"""What becomes of the entries of one file while they are sent, and what is left of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference, ParsedLine
from capture_forwarder.core.line import Line
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.forwarding.batching import BatchBuilder
from capture_forwarder.forwarding.settled import Refusal
from capture_forwarder.parser import ParseLine
from capture_forwarder.quarantine.entries import StoredEntry, is_cut
from capture_forwarder.quarantine.tally import RouteTally

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class EntryInFile:
    """An entry to be sent, its index in its file, and its captured line byte for byte."""

    index: int
    stored: StoredEntry
    line: bytes

    @property
    def entry(self) -> QuarantineEntry:
        """The entry itself."""
        return self.stored.entry

    @property
    def capture_file(self) -> CaptureFile:
        """The capture file that its line comes from."""
        return CaptureFile(self.entry.bucket, self.entry.key, self.entry.version_id)


@dataclass
class _Sending:
    """An entry on its way.

    Parameters
    ----------
    of
        The entry.
    line
        Its line; the object itself tells the entry's inferences from those of others.
    inferences
        How many inferences it stands for: all of its line, or the one that was refused.
    answered
        How many of them the platform has answered for.
    refused
        Those that it refused.
    """

    of: EntryInFile
    line: Line
    inferences: int
    answered: int = 0
    refused: list[Refusal] = field(default_factory=list)


class FileWork:
    """The entries of one file and route: what became of each, and what remains of it."""

    def __init__(
        self,
        remaining: list[list[bytes]],
        tally: RouteTally,
        unsent: dict[int, QuarantineEntry],
        delivered: set[bytes],
    ) -> None:
        self._remaining = remaining
        self._tally = tally
        self._unsent = unsent
        self._delivered = delivered
        self._sending: dict[int, _Sending] = {}

    def take(self, one: EntryInFile, parse: ParseLine, builder: BatchBuilder) -> list[Batch]:
        """Take an entry in; return the batches that are full now."""
        entry = one.entry
        counts = self._tally.counts(entry)
        if is_cut(entry, one.line):
            self._tally.note_cut(entry)
        elif _digest(entry) in self._delivered:
            counts.repeated += 1
            self._remaining[one.index] = []
        else:
            found = _inferences_of(entry, parse(one.line))
            if isinstance(found, tuple):
                return self._start(one, found, builder)
            if found is None:
                counts.empty += 1
                self._remaining[one.index] = []
            else:
                counts.rejected += 1
                self._tally.note(found.reason.value, found.detail)
                self._remaining[one.index] = [_rewritten(one.stored, found)]
        del self._unsent[one.index]
        return []

    def settle(self, batch: Batch, refused: Iterable[Refusal]) -> None:
        """Note what became of a batch, and of the entries that are answered for by it."""
        for refusal in refused:
            self._sending[id(refusal.line)].refused.append(refusal)
        for slice_ in batch.line_slices:
            sending = self._sending[id(slice_.line)]
            sending.answered += slice_.count
            if sending.answered == sending.inferences:
                self._finish(sending)
                del self._sending[id(slice_.line)]

    def _start(
        self,
        one: EntryInFile,
        found: tuple[Sequence[Inference], int | None],
        builder: BatchBuilder,
    ) -> list[Batch]:
        inferences, index = found
        entry = one.entry
        line = Line(entry.line_number, entry.offset, one.line, len(one.line))
        count = len(inferences) if index is None else 1
        self._sending[id(line)] = _Sending(one, line, count)
        if index is None:
            return builder.add(line, inferences)
        return builder.add_one(line, inferences, index)

    def _finish(self, sending: _Sending) -> None:
        one, refused = sending.of, sending.refused
        del self._unsent[one.index]
        self._tally.inferences += sending.inferences - len(refused)
        self._remaining[one.index] = list(self._refused(sending))
        if refused:
            self._tally.counts(one.entry).rejected += 1
        else:
            self._tally.counts(one.entry).delivered += 1
            self._delivered.add(_digest(one.entry))

    def _refused(self, sending: _Sending) -> Iterator[bytes]:
        """The entries for refused inferences, or the one of a line that was refused whole."""
        reason = Reason.REJECTED_BY_PLATFORM.value
        whole = len(sending.refused) == sending.inferences
        for refusal in sorted(sending.refused, key=lambda one: one.index):
            entry = msgspec.structs.replace(sending.of.entry, reason=reason, detail=refusal.said)
            self._tally.note(reason, refusal.said)
            if whole:
                yield _encode(entry)
                return
            name, index = refusal.inference.id, refusal.index
            yield _encode(msgspec.structs.replace(entry, inference_id=name, row_index=index))


def _inferences_of(
    entry: QuarantineEntry, parsed: ParsedLine | Rejection
) -> tuple[Sequence[Inference], int | None] | Rejection | None:
    """What an entry stands for: all inferences of its line, or which of them was refused.

    None if the line holds no inference.
    """
    if isinstance(parsed, Rejection):
        return parsed
    inferences = parsed.inferences
    if entry.inference_id is None:
        return (inferences, None) if inferences else None
    for index, inference in enumerate(inferences):
        if inference.id == entry.inference_id:
            return inferences, index
    detail = "The line no longer holds an inference with this id."
    return Rejection(Reason.RECORD_COUNT_MISMATCH, detail)


def _rewritten(stored: StoredEntry, rejection: Rejection) -> bytes:
    reason, detail = rejection.reason.value, rejection.detail
    if (stored.entry.reason, stored.entry.detail) == (reason, detail):
        return stored.raw
    return _encode(msgspec.structs.replace(stored.entry, reason=reason, detail=detail))


def _digest(entry: QuarantineEntry) -> bytes:
    """Tell an entry from others, in a few bytes: a retry of the function may store it twice."""
    facts = (entry.bucket, entry.key, entry.version_id, entry.offset, entry.inference_id)
    # The line is part of it: without versions, another file may have the same key by now.
    return hashlib.blake2b(_encode((facts, entry.line)), digest_size=16).digest()
