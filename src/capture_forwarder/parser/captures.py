"""Capture files in notebooks and scripts: a file's lines as inferences and rejections, lazily."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.inference import Inference, Row
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.core.schema import Schema
from capture_forwarder.parser import LineParser
from capture_forwarder.parser.lines import read_lines
from capture_forwarder.parser.mapping.columns import ColumnMapping, parse_types

_MAX_LINE_BYTES = 256 * 1024 * 1024


class RejectedLine(msgspec.Struct, frozen=True):
    """A line that became no rows: where it stands (from 1, and in bytes), why, and its bytes."""

    number: int
    offset: int
    reason: Reason
    detail: str
    line: bytes


class Captures:
    """A capture file, read through a mapping; iterating gives inferences and rejected lines.

    Each pass reads the file anew, one line at a time, so that a file of any size can be gone
    through in little memory.

    Parameters
    ----------
    source
        A path, the file's bytes, or a binary file object, gzip or not. Of a file object that
        cannot seek there is only one pass.
    mapping
        Which captured values become which columns.
    types
        Column name → `float`, `int`, `bool`, `str`, `category`, `timestamp` or `vector`. A column
        without a type is inferred value by value.
    key
        The S3 key, for metadata columns such as `endpoint`; a path by default.

    Raises
    ------
    ValueError
        A type does not exist; the message names those that do.

    Examples
    --------
    All rows of a file as a data frame::

        mapping = ColumnMapping.of(inputs=["age", "income"], outputs=["score"])
        frame = pandas.DataFrame(Captures("10-30-123.jsonl", mapping).rows())
    """

    def __init__(
        self,
        source: str | PathLike[str] | bytes | BinaryIO,
        mapping: ColumnMapping,
        *,
        types: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> None:
        self._source = source
        place = Path(source).as_posix() if isinstance(source, (str, PathLike)) else ""
        schema = Schema(parse_types(types or {}))
        self._parse = LineParser(mapping, schema).for_file(CaptureFile("", key or place))

    def __iter__(self) -> Iterator[Inference | RejectedLine]:
        """Go through the file; blank lines and empty calls give nothing.

        Raises
        ------
        OSError
            The file cannot be read.
        CaptureFileError
            It is gzip, and damaged.
        """
        with self._opened() as stream:
            for line in read_lines(stream, _MAX_LINE_BYTES):
                if line.too_long:
                    detail = f"The line has {line.length} bytes, more than {_MAX_LINE_BYTES}."
                    reason = Reason.LINE_TOO_LONG
                    yield RejectedLine(line.number, line.offset, reason, detail, line.data)
                elif line.data.strip():
                    parsed = self._parse(line.data)
                    if isinstance(parsed, Rejection):
                        why = (parsed.reason, parsed.detail)
                        yield RejectedLine(line.number, line.offset, *why, line.data)
                    else:
                        yield from parsed.inferences

    def inferences(self) -> Iterator[Inference]:
        """Go through the inferences alone."""
        return (item for item in self if isinstance(item, Inference))

    def rows(self) -> Iterator[Row]:
        """Go through the rows alone, as dictionaries."""
        return (item.row for item in self if isinstance(item, Inference))

    def rejections(self) -> Iterator[RejectedLine]:
        """Go through the rejected lines alone."""
        return (item for item in self if isinstance(item, RejectedLine))

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        if isinstance(self._source, bytes):
            yield io.BytesIO(self._source)
        elif isinstance(self._source, (str, PathLike)):
            with Path(self._source).open("rb", buffering=0) as file:
                yield file
        else:
            if self._source.seekable():
                self._source.seek(0)
            yield cast("BinaryIO", _Borrowed(self._source))


class _Borrowed(io.RawIOBase):
    """A caller's file, which reading to its end must not close."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
