"""An object's bytes as lines, in bounded memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import sub
from typing import BinaryIO, cast

import msgspec

from capture_forwarder.core.chunk import Chunk
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.line import Line, Position

_BUFFER_BYTES = 256 * 1024
_BLOCK_BYTES = 256 * 1024
# As many as are parsed together.
_BLOCK_LINES = 200
_KEPT_OF_LONG_LINE = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_SIGNATURE_BYTES = 4
_START = Position()


def read_lines(stream: BinaryIO, max_line_bytes: int, start: Position = _START) -> Iterator[Line]:
    """Yield the lines of a stream one by one; see `read_chunks`."""
    for found in read_chunks(stream, max_line_bytes, start):
        if isinstance(found, Line):
            yield found
        else:
            yield from map(found.line, range(len(found)))


def read_chunks(
    stream: BinaryIO, max_line_bytes: int, start: Position = _START
) -> Iterator[Chunk | Line]:
    r"""Split a stream on `\n` and nothing else, as many lines at once as come at once.

    JSON may carry U+2028 and U+0085 unescaped, so `str.splitlines` would cut records in two.
    Gzip is recognised by its first two bytes (RFC 1952, 2.3.1), whatever the object is called.

    Parameters
    ----------
    stream
        The object's bytes.
    max_line_bytes
        A line longer than this is read past without being held: its `Line` is `too_long` and
        carries only its first bytes.
    start
        Where to go on: what lies before is read past. Offsets and numbers stay those of the
        whole object.

    Yields
    ------
    Chunk or Line
        Every line of the stream, blank ones too: many at once, or one by itself that is too
        long or has no newline.

    Raises
    ------
    CaptureFileError
        The gzip data is damaged or cut short.
    """
    with unzipped(stream) as reader:
        yield from _split(reader, max_line_bytes, start)


@contextmanager
def unzipped(stream: BinaryIO) -> Iterator[io.BufferedReader]:
    """Read a stream that may be gzip, whatever it is called; see `read_chunks`.

    Yields
    ------
    io.BufferedReader
        The bytes, of which the first four can be looked at by `peek`.

    Raises
    ------
    CaptureFileError
        The gzip data is damaged or cut short; also while it is read.
    """
    with _buffered(_Again(_beginning(stream), stream)) as reader:
        try:
            if reader.peek(2)[:2] == _GZIP_MAGIC:
                with _buffered(gzip.GzipFile(fileobj=reader, mode="rb")) as inner:
                    yield inner
            else:
                yield reader
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            message = f"The object is gzip, but its data is damaged or cut short: {error}."
            raise CaptureFileError(
                message, "Look at how it was written.", permanent=True
            ) from error


def _beginning(stream: BinaryIO) -> bytes:
    """The first bytes of a stream, which may come in pieces."""
    first = b""
    while len(first) < _SIGNATURE_BYTES and (more := stream.read(_SIGNATURE_BYTES - len(first))):
        first += more
    return first


def line_before(position: Position) -> Line:
    """What stands for the last line that was read, where none was."""
    return Line(position.lines, position.offset, b"", 0, ended=False)


class _Again(io.RawIOBase):
    """A stream of which the first bytes were read: they come once more, and in one piece."""

    def __init__(self, first: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._first = first
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._first:
            count = min(len(buffer), len(self._first))
            buffer[:count] = self._first[:count]
            self._first = self._first[count:]
            return count
        return cast("io.RawIOBase", self._stream).readinto(buffer) or 0


def _buffered(stream: io.RawIOBase | gzip.GzipFile) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", stream), _BUFFER_BYTES)


def _split(
    reader: io.BufferedReader, max_line_bytes: int, start: Position
) -> Iterator[Chunk | Line]:
    _skip(reader, start.offset)
    position = start
    rest = b""
    while data := reader.read1(_BLOCK_BYTES):
        rest += data
        while (ends := _ends(rest)) or len(rest) > max_line_bytes:
            if ends:
                for found in _whole_lines(rest, ends, position, max_line_bytes):
                    yield found
                    position = _behind(found)
                rest = rest[ends[-1] + 1 :]
            else:
                line, rest = _too_long(reader, rest, position, max_line_bytes)
                yield line
                position = line.position
    if rest:
        yield Line(position.lines + 1, position.offset, rest, len(rest), ended=False)


def _ends(data: bytes) -> list[int]:
    """Where the newlines are."""
    find = data.find
    ends = []
    end = find(b"\n")
    while end >= 0:
        ends.append(end)
        end = find(b"\n", end + 1)
    return ends


def _whole_lines(
    data: bytes, ends: Sequence[int], start: Position, max_line_bytes: int
) -> Iterator[Chunk | Line]:
    """Lines that all end with a newline: in chunks, unless one of them is too long."""
    chunk = Chunk(data, ends, start)
    if ends[-1] < max_line_bytes or max(map(sub, ends, [-1, *ends])) - 1 <= max_line_bytes:
        for first in range(0, len(chunk), _BLOCK_LINES):
            yield chunk.part(first, first + _BLOCK_LINES)
        return
    for index in range(len(chunk)):
        yield _cut(chunk.line(index), max_line_bytes)


def _behind(found: Chunk | Line) -> Position:
    return found.position if isinstance(found, Line) else found.line(len(found) - 1).position


def _cut(line: Line, max_line_bytes: int) -> Line:
    """The line, or its beginning if it is too long."""
    if line.length <= max_line_bytes:
        return line
    kept = line.data[: min(max_line_bytes, _KEPT_OF_LONG_LINE)]
    return msgspec.structs.replace(line, data=kept, too_long=True)


def _too_long(
    reader: io.BufferedReader, beginning: bytes, position: Position, max_line_bytes: int
) -> tuple[Line, bytes]:
    """Read past the rest of a line; return what is kept of it, and what follows it."""
    length = len(beginning)
    following = newline = b""
    while not newline and (data := reader.read1(_BLOCK_BYTES)):
        ending, newline, following = data.partition(b"\n")
        length += len(ending)
    line = Line(position.lines + 1, position.offset, beginning, length, ended=bool(newline))
    return _cut(line, max_line_bytes), following


def _skip(reader: io.BufferedReader, count: int) -> None:
    """Read past what is delivered already.

    Raises
    ------
    CaptureFileError
        The object ends before: it is not the one that the position was saved for.
    """
    while count:
        read = len(reader.read(min(count, _BUFFER_BYTES)))
        if not read:
            message = "The object is shorter than what was delivered of it."
            raise CaptureFileError(message, "It was changed without a new version.", permanent=True)
        count -= read
