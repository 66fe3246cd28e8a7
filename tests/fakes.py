"""The ports in memory, for tests of what stands between them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import BinaryIO

from capture_forwarder.errors import ObjectError
from capture_forwarder.model import (
    BatchLimits,
    CaptureObject,
    Inference,
    QuarantineEntry,
    Schema,
)


class MemoryStore:
    """Objects as bytes by key."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects

    @contextmanager
    def open(self, source: CaptureObject) -> Iterator[BinaryIO]:
        if source.key not in self.objects:
            raise ObjectError(f"{source} is not there.", "Look again.", permanent=True)
        yield io.BytesIO(self.objects[source.key])


class MemoryPublisher:
    """Keeps batches; `refuse` may raise before one is kept."""

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

    def publish(self, batch: Sequence[Inference]) -> None:
        self.refuse(batch)
        if self.keep:
            self.batches.append(list(batch))


class MemoryQuarantine:
    """Keeps entries."""

    def __init__(self) -> None:
        self.entries: list[QuarantineEntry] = []

    def put(self, source: CaptureObject, entries: Sequence[QuarantineEntry]) -> None:
        assert {(entry.bucket, entry.key) for entry in entries} == {(source.bucket, source.key)}
        assert len({entry.reason for entry in entries}) == 1
        self.entries += entries

    def holds(self, source: CaptureObject) -> bool:
        return source.key.startswith("quarantine/")


class StoppedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 10, 30, 30, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0
