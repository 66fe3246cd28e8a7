"""The counting of one capture file: what comes in must be counted on its way out."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from capture_forwarder.core.errors import AccountingError
from capture_forwarder.core.inference import ParsedLine
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import Clock
from capture_forwarder.core.rejection import Reason
from capture_forwarder.core.report import FileReport
from capture_forwarder.forwarding.equal_ids import EqualIds
from capture_forwarder.forwarding.settled import BatchOutcome
from capture_forwarder.parser import NeverFound

# CloudWatch takes 100 values of a metric in one document; the newest are reported.
_MOST_LATENCIES = 99
_REPORT = "Please report it; the capture file is delivered again."


class Accounting:
    """Counts lines as they are read, and inferences as they are settled.

    Every line and inference of a file is reported by exactly one invocation: the one that brought
    the ledger's position past it. Most lines are forwarded; those that are not are noted, many
    of a kind in one note, until the position has moved past them.

    Parameters
    ----------
    clock
        Time.
    start
        Where the work begins.
    on_settled
        Is told how many more rows are settled.
    """

    def __init__(
        self, clock: Clock, start: Position, on_settled: Callable[[int], None] = lambda _: None
    ) -> None:
        self._clock = clock
        self._on_settled = on_settled
        self._started = clock.monotonic()
        self._start = self._saved = start
        # What was counted while reading, for the check at the end.
        self._lines_read = self._rows_read = self._rows_settled = 0
        self._casts_read: Counter[str] = Counter()
        self._never = NeverFound()
        self._equal = EqualIds()
        # What lies behind the position that is saved.
        self._notes = True
        self._odd: deque[_Lines] = deque()
        self._casts: deque[tuple[int, Mapping[str, int]]] = deque()
        self._redactions: deque[tuple[int, int]] = deque()
        self._settled: deque[tuple[Position, int]] = deque()
        self._refused: deque[Position] = deque()
        # What lies in front of it.
        self._kinds: Counter[Reason | None] = Counter()
        self._cast_failures: Counter[str] = Counter()
        self._rows = self._rows_refused = self._redacted = 0
        self._last_time: str | None = None
        self._requests = self._retries = 0
        self._latencies: deque[float] = deque(maxlen=_MOST_LATENCIES)

    @property
    def moved(self) -> bool:
        """Whether this invocation brought anything to an end."""
        return self._saved > self._start

    def rejected(self, line: int, reason: Reason) -> None:
        """Count a line that goes to quarantine, by its number."""
        self._note(line, reason)

    def found_empty(self, line: int) -> None:
        """Count a line that holds no inference, by its number."""
        self._note(line, None)

    def forwards(self, line: int, parsed: ParsedLine, rows: int) -> None:
        """Count a line of which so many inferences are to be sent."""
        self._lines_read += 1
        self._rows_read += rows
        self._last_time = parsed.inference_time or self._last_time
        self._never.add(parsed)
        self._equal.add(parsed.calls)
        if parsed.cast_failures:
            self._casts_read.update(parsed.cast_failures)
            if self._notes:
                self._casts.append((line, parsed.cast_failures))

        if parsed.redactions and self._notes:
            self._redactions.append((line, sum(parsed.redactions.values())))

    def forwards_alike(self, calls: Sequence[str], rows: int, last_time: str | None) -> None:
        """Count lines, one a call, of which all inferences are to be sent, so many rows."""
        self._lines_read += len(calls)
        self._rows_read += rows
        self._never.found_all()
        self._equal.add(calls)
        self._last_time = last_time or self._last_time

    def worst_cast(self) -> tuple[str, float]:
        """The column that fails its type most often so far, and in which share of the rows."""
        if not self._casts_read:
            return "", 0.0
        ((column, count),) = self._casts_read.most_common(1)
        return column, count / max(1, self._rows_read)

    def stop_noting(self) -> None:
        """Note no more lines: the position cannot move past those that were read so far."""
        self._notes = False

    def asked(self, outcome: BatchOutcome) -> None:
        """Count the requests for a batch, whatever became of it."""
        self._requests += outcome.requests
        self._retries += outcome.retries
        self._latencies += outcome.latencies

    def settled(self, position: Position, rows: int, outcome: BatchOutcome) -> None:
        """Count what became of a batch, or of a part of it; they come in the order of their lines.

        Parameters
        ----------
        position, rows
            How far the file is done by it, and how many inferences that is further.
        outcome
            What the platform said.
        """
        self.asked(outcome)
        self._rows_settled += outcome.published + len(outcome.refused)
        if rows:
            self._settled.append((position, rows))
            self._on_settled(rows)
        self._refused += [one.line.before(one.index) for one in outcome.refused]

    def saved(self, position: Position) -> None:
        """Sum up what lies in front of a position that the ledger has."""
        self._saved = position
        while self._odd and self._odd[0].first <= position.lines:
            lines = self._odd.popleft()
            count = min(lines.count, position.lines - lines.first + 1)
            self._kinds[lines.kind] += count
            if count < lines.count:
                lines.first += count
                lines.count -= count
                self._odd.appendleft(lines)
        while self._casts and self._casts[0][0] <= position.lines:
            self._cast_failures.update(self._casts.popleft()[1])
        while self._redactions and self._redactions[0][0] <= position.lines:
            self._redacted += self._redactions.popleft()[1]
        while self._settled and self._settled[0][0] <= position:
            self._rows += self._settled.popleft()[1]
        # Those of one batch may be known in any order.
        behind = deque(at for at in self._refused if at >= position)
        self._rows_refused += len(self._refused) - len(behind)
        self._refused = behind

    def check(self, end: Position) -> None:
        """Make sure, at the file's end, that what came in has gone out.

        Parameters
        ----------
        end
            How far the file was read.

        Raises
        ------
        AccountingError
            It has not; the file must not be acknowledged.
        """
        lines = end.lines - self._start.lines
        if lines != self._lines_read:
            message = f"{lines} lines were read, but {self._lines_read} accounted for."
            raise AccountingError(message, _REPORT)
        if self._rows_read != self._rows_settled:
            message = (
                f"{self._rows_read} inferences were read, but {self._rows_settled} accounted for."
            )
            raise AccountingError(message, _REPORT)

    def report(self) -> FileReport:
        """Sum up what this invocation has brought to an end."""
        lines = self._saved.lines - self._start.lines
        empty = self._kinds[None]
        quarantined = {kind.value: count for kind, count in self._kinds.items() if kind and count}
        return FileReport(
            lines=lines,
            forwarded=lines - empty - sum(quarantined.values()),
            empty=empty,
            quarantined=quarantined,
            inferences=self._rows,
            published=self._rows - self._rows_refused,
            refused=self._rows_refused,
            requests=self._requests,
            retries=self._retries,
            latencies=tuple(self._latencies),
            resumed_at=self._start.lines,
            bytes=self._saved.offset - self._start.offset,
            seconds=self._clock.monotonic() - self._started,
            lag_seconds=_age(self._last_time, self._clock.now()) if self.moved else None,
            cast_failures=dict(self._cast_failures),
            redacted=self._redacted,
            never_found=self._never.columns,
            equal_ids=self._equal.count,
            warnings=tuple(self._never.sentences()),
        )

    def _note(self, line: int, kind: Reason | None) -> None:
        self._lines_read += 1
        if not self._notes:
            return
        last = self._odd[-1] if self._odd else None
        if last is not None and last.kind == kind and last.first + last.count == line:
            last.count += 1
        else:
            self._odd.append(_Lines(line, kind))


class _Lines:
    """Lines that follow each other and are counted alike: rejected for one reason, or empty."""

    def __init__(self, first: int, kind: Reason | None) -> None:
        self.first = first
        self.kind = kind
        self.count = 1


def _age(time: str | None, now: datetime) -> float | None:
    """Seconds since a time in ISO 8601; None when there is none that can be read."""
    try:
        then = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return (now - then).total_seconds()
