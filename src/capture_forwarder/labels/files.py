"""Files of labels as lines of JSON, whatever they are: JSON Lines, CSV or Parquet.

The forwarding code reads lines, resumes behind lines and quarantines lines. So tables become
lines where they are opened, the same ones each time.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.extras import Extra, install_command
from capture_forwarder.core.ports import ObjectStore, OpenedFile, TableReader
from capture_forwarder.labels.csv_lines import json_lines
from capture_forwarder.parser import unzipped

_JSON = (".jsonl", ".json", ".ndjson")
PARQUET = b"PAR1"
"""What Parquet files begin with (Apache Parquet, "File format")."""

_BOM = b"\xef\xbb\xbf"
_encode = msgspec.json.Encoder().encode


class LabelFiles:
    """Opens files of labels; see `ObjectStore`.

    Parameters
    ----------
    store
        Where they are.
    tables
        Reads Parquet, if what that needs is installed.
    """

    def __init__(self, store: ObjectStore, tables: TableReader | None = None) -> None:
        self._store = store
        self._tables = tables

    @contextmanager
    def open(self, capture_file: CaptureFile) -> Iterator[OpenedFile]:
        """Open a file as lines of JSON; see `ObjectStore.open`.

        Raises
        ------
        CaptureFileError
            It cannot be read, or it is Parquet and what reads that is not installed.
        """
        with self._store.open(capture_file) as opened, unzipped(opened.stream) as stream:
            beginning = stream.peek(len(PARQUET))[: len(PARQUET)]
            name = capture_file.key.lower().removesuffix(".gz")
            if beginning == PARQUET:
                lines = self._parquet(capture_file, stream)
            elif name.endswith(_JSON) or _looks_like_json(beginning, name):
                yield OpenedFile(stream, opened.revision)
                return
            else:
                lines = json_lines(stream)
            yield OpenedFile(cast("BinaryIO", _Stream(lines)), opened.revision)

    def _parquet(self, capture_file: CaptureFile, stream: BinaryIO) -> Iterator[bytes]:
        if self._tables is None:
            message = f"{capture_file} is Parquet, and DuckDB, which reads it, is not installed."
            advice = (
                f"On your own machine: {install_command(Extra.DUCKDB)}, then `capture-forwarder "
                "labels send ADDRESS`. The function reads labels as JSON Lines or CSV."
            )
            raise CaptureFileError(message, advice, permanent=True)
        return (_encode(row) + b"\n" for row in self._tables.rows(stream))


def _looks_like_json(beginning: bytes, name: str) -> bool:
    is_object = beginning.removeprefix(_BOM).lstrip()[:1] == b"{"
    return not name.endswith(".csv") and (is_object or not beginning)


class _Stream(io.RawIOBase):
    """Lines as a stream of bytes."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        super().__init__()
        self._lines = iter(lines)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            try:
                self._rest = next(self._lines)
            except StopIteration:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
