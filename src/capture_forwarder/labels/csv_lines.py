"""CSV with a header → lines of JSON, each of which says by itself what it holds.

So a row can be quarantined and sent again alone, and work can go on behind any line. A row
becomes `{"csv": {column: text}}`, one that does not fit the header a list of its values, what
cannot be read a text, and the header `{"csv_header": [column]}`. As many lines come out as went
in: their numbers are those of the CSV.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from capture_forwarder.parser import CSV_HEADER, CSV_ROW

_BOM = b"\xef\xbb\xbf"
_LONGEST_LINE = 16 * 1024 * 1024
# A quote that is never closed must not make one row of the rest of the file.
_MOST_LINES = 1000
_MOST_BYTES = 1024 * 1024
_encode = msgspec.json.Encoder().encode

Cells = Sequence[str]


def json_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, each with its newline; they depend on the stream alone.

    Parameters
    ----------
    stream
        The CSV, in UTF-8. Its first row is the header, as far as can be told here.
    """
    header: Cells | None = None
    for lines, cells in _rows(_Lines(stream)):
        if header is None and cells:
            names = [cell.strip() for cell in cells]
            header = names if len(set(names)) == len(names) else ()
            yield _encode({CSV_HEADER: names}) + b"\n" * len(lines)
            continue
        yield _written(lines, cells, header or ()) + b"\n" * len(lines)


def _written(lines: Sequence[bytes], cells: Cells | None, header: Cells) -> bytes:
    if cells is None:
        text = b"".join(lines).rstrip(b"\r\n")
        try:
            return _encode({CSV_ROW: text.decode()})
        except UnicodeDecodeError:
            return text
    if not cells:
        return b""
    if len(cells) != len(header):
        return _encode({CSV_ROW: cells})
    return _encode({CSV_ROW: dict(zip(header, cells, strict=True))})


class _Lines:
    """The lines of a stream, of which some can be given back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._back: deque[bytes] = deque()
        self._is_first = True

    def take(self) -> bytes:
        if self._back:
            return self._back.popleft()
        line = self._stream.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            # No row is as long: what is cut off is only read past.
            while (rest := self._stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        if self._is_first:
            self._is_first = False
            return line.removeprefix(_BOM) or line
        return line

    def give_back(self, lines: Sequence[bytes]) -> None:
        self._back.extendleft(reversed(lines))


def _rows(lines: _Lines) -> Iterator[tuple[Sequence[bytes], Cells | None]]:
    """Yield rows: their lines, and their cells; none of a blank one, None if it is unreadable."""
    while first := lines.take():
        taken = [first]
        size = len(first)
        # Quotes inside of quotes are doubled, so that their number says whether a value goes on.
        is_open = first.count(b'"') % 2 == 1
        while is_open and len(taken) < _MOST_LINES and size < _MOST_BYTES:
            if not (following := lines.take()):
                break
            taken.append(following)
            size += len(following)
            is_open ^= following.count(b'"') % 2 == 1
        cells = None if is_open else _cells(taken)
        if cells is None and len(taken) > 1:
            lines.give_back(taken[1:])
            taken = taken[:1]
        yield taken, cells


def _cells(lines: Sequence[bytes]) -> Cells | None:
    try:
        text = b"".join(lines).decode()
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (ValueError, csv.Error):
        return None
    if not any(rows):
        return ()
    return rows[0] if len(rows) == 1 and "\0" not in text else None
