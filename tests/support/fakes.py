"""The ports in memory, for tests of what stands between them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from capture_forwarder.core.batch import ACCEPTED, Batch, BatchLimits, Receipt
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileBusyError, CaptureFileError, LeaseLostError
from capture_forwarder.core.inference import Inference
from capture_forwarder.core.ledger import Claim, LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import OpenedFile
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.core.schema import Schema
from capture_forwarder.forwarding.route import Route


class MemoryStore:
    """Objects as bytes by key."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects

    @contextmanager
    def open(self, source: CaptureFile) -> Iterator[OpenedFile]:
        if source.key not in self.objects:
            raise CaptureFileError(f"{source} is not there.", "Look again.", permanent=True)
        content = self.objects[source.key]
        yield OpenedFile(io.BytesIO(content), hashlib.sha256(content).hexdigest())


class MemoryPublisher:
    """Keeps batches; `refuse` may raise before one is kept."""

    takes_json: bool = False

    def __init__(self, schema: Schema | None = None, rows: int = 1000, size: int = 10**7) -> None:
        self.limits = BatchLimits(rows, size)
        self.batches: list[list[Inference]] = []
        self.refuse: Callable[[Sequence[Inference]], None] = lambda _: None
        self.keep = True
        self.known = schema or Schema()

    @property
    def published(self) -> list[Inference]:
        return [inference for batch in self.batches for inference in batch]

    def schema(self) -> Schema:
        return self.known

    def publish(self, batch: Batch, deadline: float | None = None) -> Receipt:
        del deadline
        self.refuse(batch.inferences)
        if self.keep:
            self.batches.append(list(batch.inferences))
        return ACCEPTED


class MemoryQuarantine:
    """Keeps entries."""

    def __init__(self) -> None:
        self.entries: list[QuarantineEntry] = []

    def put(self, source: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        assert {(entry.bucket, entry.key) for entry in entries} == {(source.bucket, source.key)}
        assert len({entry.reason for entry in entries}) == 1
        self.entries += entries

    def holds(self, source: CaptureFile) -> bool:
        return source.key.startswith("quarantine/")


class OneRoute:
    """Has every object take the same route, but what lies below `quarantine/`."""

    def __init__(self, *routes: Route) -> None:
        self._routes = routes

    def routes(self, source: CaptureFile) -> Sequence[Route]:
        del source
        return self._routes

    def is_output(self, source: CaptureFile) -> bool:
        return source.key.startswith("quarantine/")


class ManualClock:
    """A clock that moves only when somebody sleeps, or when a test moves it."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 10, 30, 30, tzinfo=UTC) + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds


class MemoryLedger:
    """Positions by key, with leases by the clock that is handed in."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.positions: dict[LedgerKey, Position] = {}
        self.finished: set[LedgerKey] = set()
        self.leases: dict[LedgerKey, tuple[str, float]] = {}
        self.writes = 0

    def claim(self, key: LedgerKey, owner: str, lease_seconds: float) -> Claim:
        self.writes += 1
        if key in self.finished:
            return Claim(self.positions[key], finished=True)
        holder, until = self.leases.get(key, (owner, 0.0))
        if holder != owner and until > self.clock.time:
            raise CaptureFileBusyError(f"{holder} works on it.")
        self.leases[key] = (owner, self.clock.time + lease_seconds)
        return Claim(self.positions.setdefault(key, Position()))

    def save(self, key: LedgerKey, owner: str, position: Position, lease_seconds: float) -> None:
        self.writes += 1
        self._check(key, owner)
        assert position.offset >= self.positions[key].offset
        self.positions[key] = position
        self.leases[key] = (owner, self.clock.time + lease_seconds)

    def finish(self, key: LedgerKey, owner: str, position: Position) -> None:
        self.writes += 1
        self._check(key, owner)
        self.positions[key] = position
        self.finished.add(key)

    def release(self, key: LedgerKey, owner: str) -> None:
        if self.leases.get(key, ("", 0.0))[0] == owner:
            del self.leases[key]

    def _check(self, key: LedgerKey, owner: str) -> None:
        if self.leases.get(key, ("", 0.0))[0] != owner:
            raise LeaseLostError("Somebody else took over.")
