"""The counting of one object: nothing may come in without being counted on its way out."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from capture_forwarder.core.errors import AccountingError, ForwarderError, PublishError
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.sending import Outcome

# CloudWatch takes 100 values of a metric in one document; the newest are told.
_MOST_LATENCIES = 99
_REPORT = "Please report it; the object is delivered again."


class Mark(msgspec.Struct, frozen=True):
    """What was counted up to a place of the object."""

    empty: int = 0
    forwarded: int = 0
    inferences: int = 0
    reasons: Mapping[str, int] = msgspec.field(default_factory=dict)
    cast_failures: Mapping[str, int] = msgspec.field(default_factory=dict)
    last_time: str | None = None


class Accounting:
    """Counts lines as they are read, and inferences as they land.

    Every line and inference of an object is reported by exactly one invocation: the one that
    brought the ledger's position past it.
    """

    def __init__(self, clock: Clock, start: Position) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._start = start
        self._empty = self._forwarded = self._inferences = 0
        self._reasons: Counter[str] = Counter()
        self._cast_failures: Counter[str] = Counter()
        self._last_time: str | None = None
        self._published = self._requests = self._retries = 0
        self._refused = 0
        self._refused_lines: list[int] = []
        self._latencies: deque[float] = deque(maxlen=_MOST_LATENCIES)

    def rejected(self, reason: Reason) -> None:
        """Count a line that goes to quarantine."""
        self._reasons[reason.value] += 1

    def found_empty(self) -> None:
        """Count a line that holds no inference."""
        self._empty += 1

    def forwards(self, parsed: ParsedLine) -> None:
        """Count a line whose inferences are on their way."""
        self._forwarded += 1
        self._inferences += len(parsed.inferences)
        self._last_time = parsed.inference_time or self._last_time
        if parsed.cast_failures:
            self._cast_failures.update(parsed.cast_failures)

    def forwards_alike(self, count: int, last_time: str | None) -> None:
        """Count lines of one inference each that are on their way."""
        self._forwarded += count
        self._inferences += count
        self._last_time = last_time or self._last_time

    def mark(self) -> Mark:
        """Remember what was counted up to here."""
        return Mark(
            self._empty,
            self._forwarded,
            self._inferences,
            dict(self._reasons),
            dict(self._cast_failures),
            self._last_time,
        )

    def landed(self, outcome: Outcome) -> None:
        """Count what became of a batch; batches land in the order of their lines."""
        self._published += outcome.published
        self._refused_lines += sorted(refusal.line.number for refusal in outcome.refused)
        self._requests += outcome.requests
        self._retries += outcome.retries
        self._latencies += outcome.latencies

    def gave_up(self, error: ForwarderError) -> None:
        """Count the requests that were made in vain for the batch that ended the work."""
        requests = error.requests if isinstance(error, PublishError) else 0
        self._requests += requests
        self._retries += max(0, requests - 1)

    def saved(self, position: Position) -> None:
        """Sum up what was refused before a position that will not be gone back behind."""
        count = bisect_right(self._refused_lines, position.lines)
        self._refused += count
        del self._refused_lines[:count]

    def check(self, end: Position) -> None:
        """Make sure, at the object's end, that what came in has gone out.

        Parameters
        ----------
        end
            How far the object was read.

        Raises
        ------
        AccountingError
            It has not; the object must not be acknowledged.
        """
        lines = end.lines - self._start.lines
        counted = self._forwarded + self._empty + self._reasons.total()
        if lines != counted:
            message = f"{lines} lines were read, but {counted} accounted for."
            raise AccountingError(message, _REPORT)
        out = self._published + self._refused + len(self._refused_lines)
        if self._inferences != out:
            message = f"{self._inferences} inferences were read, but {out} accounted for."
            raise AccountingError(message, _REPORT)

    def report(self, mark: Mark, position: Position) -> FileReport:
        """Sum up what this invocation has brought to an end.

        Parameters
        ----------
        mark, position
            What was counted up to the position that the ledger has.
        """
        refused = self._refused + bisect_right(self._refused_lines, position.lines)
        return FileReport(
            lines=position.lines - self._start.lines,
            forwarded=mark.forwarded,
            empty=mark.empty,
            quarantined=mark.reasons,
            inferences=mark.inferences,
            published=mark.inferences - refused,
            refused=refused,
            requests=self._requests,
            retries=self._retries,
            latencies=tuple(self._latencies),
            resumed_at=self._start.lines,
            bytes=position.offset - self._start.offset,
            seconds=self._clock.monotonic() - self._started,
            lag_seconds=_age(mark.last_time, self._clock.now()),
            cast_failures=mark.cast_failures,
        )


def _age(time: str | None, now: datetime) -> float | None:
    """Seconds since a time in ISO 8601; None when there is none that can be read."""
    try:
        then = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return (now - then).total_seconds()
