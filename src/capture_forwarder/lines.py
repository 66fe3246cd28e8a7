"""An object's bytes as lines, in bounded memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from capture_forwarder.errors import ObjectError
from capture_forwarder.model import Place, RawLine

_BUFFER_BYTES = 256 * 1024
_KEPT_OF_LONG_LINE = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_START = Place()


def read_lines(stream: BinaryIO, max_line_bytes: int, start: Place = _START) -> Iterator[RawLine]:
    r"""Split a stream on `\n` and nothing else.

    JSON may carry U+2028 and U+0085 unescaped, so `str.splitlines` would cut records in two.
    Gzip is recognised by its first two bytes (RFC 1952, 2.3.1), whatever the object is called.

    Parameters
    ----------
    stream
        The object's bytes.
    max_line_bytes
        A line longer than this is read past without being held: its `RawLine` is `too_long` and
        carries only its first bytes.
    start
        Where to go on: what lies before is read past. Offsets and numbers stay those of the
        whole object.

    Yields
    ------
    RawLine
        Every line, blank ones too; a last line without a newline as well.

    Raises
    ------
    ObjectError
        The gzip data is damaged or cut short.
    """
    with _buffered(stream) as reader:
        try:
            if reader.peek(2)[:2] == _GZIP_MAGIC:
                with _buffered(gzip.GzipFile(fileobj=reader, mode="rb")) as unzipped:
                    yield from _split(unzipped, max_line_bytes, start)
            else:
                yield from _split(reader, max_line_bytes, start)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            message = f"The object is gzip, but its data is damaged or cut short: {error}."
            raise ObjectError(message, "Look at how it was written.", permanent=True) from error


def _buffered(stream: BinaryIO | gzip.GzipFile) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", stream), _BUFFER_BYTES)


def _split(reader: io.BufferedReader, max_line_bytes: int, start: Place) -> Iterator[RawLine]:
    _skip(reader, start.offset)
    number, offset = start.lines, start.offset
    # One byte more than the limit for the newline, one more to see that a line goes on.
    while data := reader.readline(max_line_bytes + 2):
        number += 1
        read = len(data)
        line = data[:-1] if data.endswith(b"\n") else data
        too_long = len(line) > max_line_bytes
        if too_long:
            while not data.endswith(b"\n") and (data := reader.readline(_BUFFER_BYTES)):
                read += len(data)
            ended = data.endswith(b"\n")
            kept = line[: min(max_line_bytes, _KEPT_OF_LONG_LINE)]
            yield RawLine(number, offset, kept, read - ended, too_long=True, ended=ended)
        else:
            yield RawLine(number, offset, line, len(line), ended=read > len(line))
        offset += read


def _skip(reader: io.BufferedReader, count: int) -> None:
    """Read past what is delivered already.

    Raises
    ------
    ObjectError
        The object ends before: it is not the one that the place was saved for.
    """
    while count:
        read = len(reader.read(min(count, _BUFFER_BYTES)))
        if not read:
            message = "The object is shorter than what was delivered of it."
            raise ObjectError(message, "It was changed without a new version.", permanent=True)
        count -= read
