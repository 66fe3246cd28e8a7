"""Inferences of one capture file, cut into batches."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from capture_forwarder.core.batch import Batch, BatchLimits, ChunkSlice, LineSlice, Slice
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.line import Line, Position
from capture_forwarder.forwarding.collecting import AsInferences, Collected

# The most that is read past, of what is rejected, while a batch fills.
_SKIPPED_LINES = 1000
_SKIPPED_BYTES = 4 * 1024 * 1024


class BatchBuilder:
    """Collects inferences of one file and cuts them into batches within a platform's limits.

    A batch begins with its first line, and where it ends depends on the lines from there alone.

    Parameters
    ----------
    limits
        The most of a batch.
    capture_file, revision
        The file, and which content of it.
    collected
        What holds the inferences of the batch that fills.
    """

    def __init__(
        self,
        limits: BatchLimits,
        capture_file: CaptureFile,
        revision: str,
        collected: Collected | None = None,
    ) -> None:
        self.limits = limits
        self.capture_file = capture_file
        self.revision = revision
        self.collected = AsInferences() if collected is None else collected
        self._slices: list[Slice] = []
        self._bytes = 0.0
        self._skipped = 0
        self._skipped_bytes = 0

    def add(self, line: Line, inferences: Sequence[Inference], done: int = 0) -> list[Batch]:
        """Add a line's inferences; return the batches that are full now, in order.

        Parameters
        ----------
        line
            The line they come from.
        inferences
            All inferences of the line.
        done
            How many of them, from the first on, an earlier invocation has settled.
        """
        total = len(inferences)
        limits = self.limits
        size = self._bytes + line.length
        # Most lines fit whole and leave room.
        if not done and size <= limits.bytes and len(self.collected) + total < limits.rows:
            self.collected.take(inferences)
            self._slices.append(LineSlice(line, 0, total, total))
            self._bytes = size
            return []
        full = self._add_in_parts(line, inferences, done)
        if self.is_full:
            full += self.cut(line.position)
        return full

    def add_one(self, line: Line, inferences: Sequence[Inference], index: int) -> list[Batch]:
        """Add one inference of a line whose others are not sent; see `add`."""
        total = len(inferences)
        share = line.length / total
        full = [] if self._room(share, 1) else self.cut(line.before(index))
        self._slices.append(LineSlice(line, index, 1, total))
        self.collected.take(inferences[index : index + 1])
        self._bytes += share
        return full + self.cut(line.position) if self.is_full else full

    def extend(self, chunk: Chunk, counts: Sequence[int], inferences: Sequence[Inference]) -> int:
        """Add as many lines of a chunk, from the first on, as there is room for.

        Parameters
        ----------
        chunk
            The lines.
        counts
            How many inferences each of them has.
        inferences
            Those of all of them.

        Returns
        -------
        int
            How many lines were added. The next one does not fit as a whole.
        """
        limits = self.limits
        ends = list(accumulate(counts))
        most = bisect_right(ends, limits.rows - len(self.collected))
        count = chunk.fitting(most, int(limits.bytes - self._bytes))
        if count:
            self.collected.take(inferences[: ends[count - 1]])
            self._slices.append(ChunkSlice(chunk, counts[:count]))
            self._bytes += chunk.size(count)
        return count

    def _add_in_parts(self, line: Line, inferences: Sequence[Inference], done: int) -> list[Batch]:
        full = []
        total = len(inferences)
        share = line.length / total if total else 0.0
        taken = done
        while taken < total:
            room = self._room(share, total - taken)
            if room == 0:
                full += self.cut(line.before(taken))
                continue
            part = inferences[taken : taken + room] if taken or room < total else inferences
            self._slices.append(LineSlice(line, taken, len(part), total))
            self.collected.take(part)
            self._bytes += share * len(part)
            taken += len(part)
        return full

    def skip(self, line: Line) -> list[Batch]:
        """Note a line that gives no inferences but takes memory while the batch fills.

        Returns
        -------
        list
            The batch, if enough was rejected since it began.
        """
        if not self.collected:
            return []
        self._skipped += 1
        self._skipped_bytes += len(line.data)
        enough = self._skipped >= _SKIPPED_LINES or self._skipped_bytes >= _SKIPPED_BYTES
        return self.cut(line.position) if enough else []

    def cut(self, position: Position) -> list[Batch]:
        """Return what was collected as a batch, or nothing if nothing was."""
        if not self.collected:
            return []
        inferences = self.collected.give()
        batch = Batch(self.capture_file, self.revision, inferences, self._slices, position)
        self._slices = []
        self._bytes = 0.0
        self._skipped = self._skipped_bytes = 0
        return [batch]

    @property
    def is_full(self) -> bool:
        """Whether not one more row fits."""
        return len(self.collected) >= self.limits.rows

    @property
    def is_empty(self) -> bool:
        """Whether nothing is collected, so that a batch begins with whatever comes next."""
        return not self.collected

    def _room(self, share: float, left: int) -> int:
        """How many inferences of this size fit; one always does in an empty batch.

        Where lines stay whole, a line's inferences fit all or not at all, and all of them do in
        an empty batch.
        """
        by_rows = self.limits.rows - len(self.collected)
        by_bytes = int((self.limits.bytes - self._bytes) / share) if share else by_rows
        room = max(0, min(by_rows, by_bytes))
        if self.limits.whole_lines:
            return left if room >= left or not self.collected else 0
        return room if room or self.collected else 1
