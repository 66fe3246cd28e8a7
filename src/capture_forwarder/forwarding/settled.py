"""What became of a batch, or of the part of it that is settled so far."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.line import Line

_ELSEWHERE = (1.0, 0.5, 0.25)
_OPEN, _ACCEPTED, _REFUSED = 0, 1, 2


class Refusal(msgspec.Struct, frozen=True):
    """An inference that the platform refused: its line, its index there, the platform's words.

    `row` is its index in its batch. One that was found `alone`, by halving, is in quarantine
    already.
    """

    inference: Inference
    line: Line
    index: int
    said: str
    row: int = 0
    alone: bool = False


class BatchOutcome(msgspec.Struct, frozen=True):
    """What became of a batch.

    Parameters
    ----------
    published
        How many inferences the platform accepted.
    refused
        The inferences that it refused.
    requests, retries
        How many requests were made, and how many of them repeated one that had failed.
    latencies
        Seconds that each accepted request took.
    settled
        How many of the batch's first inferences are accepted or refused by now.
    error
        What ended the sending before all were.
    """

    published: int = 0
    refused: tuple[Refusal, ...] = ()
    requests: int = 0
    retries: int = 0
    latencies: tuple[float, ...] = ()
    settled: int = 0
    error: ForwarderError | None = None


class Settled:
    """Which rows of a batch are settled; filled by one thread and read by another."""

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._done = bytearray(count)
        self._first_open = 0
        self._out_of_order = False
        self._published = self._requests = self._retries = 0
        self._new: list[Refusal] = []
        self._latencies: list[float] = []
        self._error: ForwarderError | None = None
        self.refused = 0
        """How many rows were refused in all."""

    def ask(self, *, again: bool) -> None:
        """Count a request that is about to be made."""
        with self._lock:
            self._requests += 1
            self._retries += again

    def accept(self, rows: Sequence[int], seconds: float) -> int:
        """Note rows that the platform accepted in one request.

        Returns
        -------
        int
            How many of them were open; the others were sent once more.
        """
        with self._lock:
            if isinstance(rows, range):
                count = self._done.count(_OPEN, rows.start, rows.stop)
            else:
                count = sum(not self._done[row] for row in rows)
            self._published += count
            self._latencies.append(seconds)
            self._settle(rows, _ACCEPTED)
        return count

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Note rows that the platform refused."""
        with self._lock:
            self._new += refusals
            self.refused += len(refusals)
            self._settle([refusal.row for refusal in refusals], _REFUSED)

    def end(self, error: ForwarderError) -> None:
        """Note what ended the sending."""
        with self._lock:
            self._error = error

    def take(self) -> BatchOutcome:
        """Return what is new since the last call."""
        with self._lock:
            # A platform may name what it refuses over several tries, in any order.
            outcome = BatchOutcome(
                self._published,
                tuple(sorted(self._new, key=lambda refusal: refusal.row)),
                self._requests,
                self._retries,
                tuple(self._latencies),
                self._first_open,
                self._error,
            )
            self._published = self._requests = self._retries = 0
            self._new, self._latencies = [], []
        return outcome

    def open(self, rows: Sequence[int]) -> Sequence[int]:
        """Those of some rows that are not settled."""
        if not self._out_of_order:
            return rows
        return [row for row in rows if not self._done[row]]

    def spread(self, among: AbstractSet[int], *, accepted: bool = False) -> Sequence[int]:
        """A few of some rows that are far from each other, and open or else accepted."""
        wanted = _ACCEPTED if accepted else _OPEN
        rows = [row for row, done in enumerate(self._done) if done == wanted and row in among]
        self._out_of_order = True
        return sorted({rows[int(share * (len(rows) - 1))] for share in _ELSEWHERE if rows})[::-1]

    def _settle(self, rows: Sequence[int], how: int) -> None:
        if isinstance(rows, range):
            self._done[rows.start : rows.stop] = bytes([how]) * len(rows)
        else:
            self._out_of_order = True
            for row in rows:
                self._done[row] = how
        if rows:
            found = self._done.find(b"\0", self._first_open)
            self._first_open = len(self._done) if found < 0 else found
