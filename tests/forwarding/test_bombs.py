"""Files that unzip to more than an invocation can read: it ends in time, and says so."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import OutOfTimeError
from capture_forwarder.core.ledger import LedgerKey
from capture_forwarder.core.line import Position
from capture_forwarder.core.ports import OpenedFile, Ports
from capture_forwarder.forwarding.options import Invocation
from capture_forwarder.forwarding.pipeline import forward_file
from capture_forwarder.parser import LineParser
from tests.forwarding.test_down import RealTime
from tests.forwarding.test_resume import MAPPING, SOURCE, TERMS, Setting
from tests.support.fakes import MemoryStore


class Endless(io.BytesIO):
    """A stream without an end, until a test is over."""

    def __init__(self, line: bytes) -> None:
        super().__init__()
        self._line = line
        self.ended = False

    def read(self, size: int | None = -1, /) -> bytes:
        count = 65536 if size is None or size < 0 else size
        return b"" if self.ended else self._line * count

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class EndlessStore(MemoryStore):
    def __init__(self, stream: Endless) -> None:
        super().__init__()
        self._stream = stream

    @contextmanager
    def open(self, source: CaptureFile) -> Iterator[OpenedFile]:
        del source
        yield OpenedFile(self._stream, "revision")


@pytest.mark.parametrize("what", ["one line", "lines that are skipped", "lines that are empty"])
def test_a_file_without_an_end_does_not_have_the_invocation_killed(what: str) -> None:
    setting = Setting()
    stream = Endless(b"0" if what == "one line" else b"\n")
    if what == "lines that are skipped":
        key = LedgerKey(SOURCE.bucket, SOURCE.key, "revision", TERMS.route)
        setting.ledger.positions[key] = Position(10**15, 10**15)
    ports = Ports(
        EndlessStore(stream),
        setting.publisher,
        setting.quarantine,
        RealTime(setting.clock),
        setting.ledger,
    )
    began = time.monotonic()
    try:
        with pytest.raises(OutOfTimeError):
            forward_file(SOURCE, LineParser(MAPPING), ports, TERMS, Invocation("one", began + 4))
        assert time.monotonic() < began + 4, "Lambda would have killed it"
    finally:
        stream.ended = True
