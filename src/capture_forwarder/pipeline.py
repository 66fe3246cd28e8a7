"""One object from its first byte to its last, on one route.

    bytes ─ lines ─ parse ─┬─ inferences ─ batches ─ publisher
                           └─ rejections ─ runs ──── quarantine

An object counts as delivered when `forward_object` returns. It raises if a single inference was
not accepted or a single rejected line could not be kept, so that no failure ends as a success.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from capture_forwarder.errors import QuarantineError
from capture_forwarder.lines import read_lines
from capture_forwarder.model import (
    CaptureObject,
    Inference,
    ObjectReport,
    ParsedLine,
    QuarantineEntry,
    RawLine,
    Reason,
    Rejection,
)
from capture_forwarder.parser import LineParser
from capture_forwarder.ports import Clock, ObjectStore, Publisher, Quarantine
from capture_forwarder.quarantine import make_entry

# A run of entries is written when it reaches one of these, so that memory stays bounded.
_RUN_ENTRIES = 1000
_RUN_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Ports:
    """What the pipeline talks to. Without a quarantine, rejected lines fail their object."""

    store: ObjectStore
    publisher: Publisher
    quarantine: Quarantine | None
    clock: Clock


def forward_object(
    source: CaptureObject, parser: LineParser, ports: Ports, *, route: str, max_line_bytes: int
) -> ObjectReport:
    """Forward every line of an object.

    Parameters
    ----------
    source
        The object.
    parser
        The route's compiled mapping.
    ports
        Where lines come from and go to.
    route
        The route's name, for quarantine.
    max_line_bytes
        Longer lines are quarantined unread.

    Returns
    -------
    ObjectReport
        The accounting; lines = forwarded + quarantined + empty, inferences = published.

    Raises
    ------
    ObjectError
        The object could not be read to its end.
    PublishError
        A batch was not accepted.
    QuarantineError
        A rejected line could not be kept, or there is no quarantine to keep it in.
    """
    run = _Run(source, ports, route)
    started = ports.clock.monotonic()
    parse = parser.for_object(source)
    with ports.store.open(source) as stream:
        for line in read_lines(stream, max_line_bytes):
            run.count(line)
            if line.too_long:
                detail = f"The line has {line.length} bytes, more than {max_line_bytes}."
                run.reject(line, Rejection(Reason.LINE_TOO_LONG, detail))
            elif not line.data.strip():
                run.empty += 1
            elif isinstance(parsed := parse(line.data), Rejection):
                run.reject(line, parsed)
            else:
                run.take(line, parsed)
    run.finish()
    return run.report(ports.clock.monotonic() - started)


@dataclass
class _Run:
    """The state of one object on its way."""

    source: CaptureObject
    ports: Ports
    route: str
    lines: int = 0
    empty: int = 0
    forwarded: int = 0
    inferences: int = 0
    published: int = 0
    requests: int = 0
    bytes: int = 0
    batch: list[Inference] = field(default_factory=list)
    batch_bytes: float = 0.0
    rejected: dict[str, list[QuarantineEntry]] = field(default_factory=dict)
    rejected_bytes: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    cast_failures: Counter[str] = field(default_factory=Counter)
    last_time: str | None = None
    first_rejection: str = ""

    def count(self, line: RawLine) -> None:
        self.lines += 1
        self.bytes = line.offset + line.length

    def take(self, line: RawLine, parsed: ParsedLine) -> None:
        """Batch a line's inferences; full batches are published."""
        if not parsed.inferences:
            self.empty += 1
            return
        self.forwarded += 1
        self.inferences += len(parsed.inferences)
        self.cast_failures.update(parsed.cast_failures)
        self.last_time = parsed.inference_time or self.last_time
        limits = self.ports.publisher.limits
        share = line.length / len(parsed.inferences)
        for inference in parsed.inferences:
            if self.batch_bytes + share > limits.bytes or len(self.batch) == limits.rows:
                self._publish()
            self.batch.append(inference)
            self.batch_bytes += share

    def reject(self, line: RawLine, rejection: Rejection) -> None:
        """Put a line aside; full runs are written to quarantine."""
        self.reasons[rejection.reason.value] += 1
        if self.ports.quarantine is None:
            where = f"line {line.number}: {rejection.detail}"
            self.first_rejection = self.first_rejection or where
            return
        time = self.ports.clock.now().isoformat()
        entry = make_entry(self.source, line, rejection, self.route, time)
        self.rejected.setdefault(rejection.reason.value, []).append(entry)
        self.rejected_bytes += len(line.data)
        waiting = sum(len(entries) for entries in self.rejected.values())
        if waiting >= _RUN_ENTRIES or self.rejected_bytes >= _RUN_BYTES:
            self._quarantine()

    def finish(self) -> None:
        """Publish and keep what is left."""
        self._publish()
        self._quarantine()
        if self.ports.quarantine is None and self.reasons:
            counts = ", ".join(f"{count} {reason}" for reason, count in self.reasons.items())
            message = f"{self.source} holds lines that cannot be forwarded ({counts}), the first"
            advice = "Set FORWARDER_QUARANTINE to s3://bucket/prefix so that they can be kept."
            raise QuarantineError(f"{message} in {self.first_rejection}", advice)

    def report(self, seconds: float) -> ObjectReport:
        return ObjectReport(
            lines=self.lines,
            forwarded=self.forwarded,
            empty=self.empty,
            quarantined=dict(self.reasons),
            inferences=self.inferences,
            published=self.published,
            requests=self.requests,
            bytes=self.bytes,
            seconds=seconds,
            lag_seconds=_age(self.last_time, self.ports.clock.now()),
            cast_failures=dict(self.cast_failures),
        )

    def _publish(self) -> None:
        if not self.batch:
            return
        self.ports.publisher.publish(self.batch)
        self.requests += 1
        self.published += len(self.batch)
        self.batch = []
        self.batch_bytes = 0.0

    def _quarantine(self) -> None:
        if self.ports.quarantine is None:
            return
        for entries in self.rejected.values():
            self.ports.quarantine.put(self.source, entries)
        self.rejected = {}
        self.rejected_bytes = 0


def _age(time: str | None, now: datetime) -> float | None:
    """Seconds since a time in ISO 8601; None when there is none that can be read."""
    try:
        then = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return (now - then).total_seconds()
