"""Which line of which file an error of DuckDB is about, as people count lines.

DuckDB leaves blank lines of JSON out, and counts a line that is no JSON as the one behind it
(2.0.0). So the file is looked at once more, and a line that proves to be in order is not blamed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from gzip import GzipFile
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from capture_forwarder.monitor.engines.duckdb.reading import LONGEST_LINE

_LINE = re.compile(r"\b[Ll]ine:? (\d{1,18})")
_FILE = re.compile(r"""(?:in file|end of file|[Tt]he file) ["']([^"']+)["']|file = (\S+)""")
_MALFORMED = "Malformed JSON"
_TRANSFORMED = "JSON transform error"


def place_of(text: str) -> str:
    """Write where an error is: ` at line 3 of rows.jsonl`, or as much as is known of it.

    Parameters
    ----------
    text
        What DuckDB says, which may quote data.
    """
    name = None
    if file := _FILE.search(text):
        name = file[1] or file[2]
    of = f" of {name}" if name else ""
    if not (line := _LINE.search(text)):
        return of
    counted = int(line[1])
    number: int | None = counted
    if _MALFORMED in text:
        number = _broken(name, counted)
    elif _TRANSFORMED in text:
        number, _ = _filled(name, (counted,)).get(counted, (None, b""))
    return f" near line {counted}{of}" if number is None else f" at line {number}{of}"


def _broken(name: str | None, counted: int) -> int | None:
    """The number of the line that is no JSON: the one before that is counted, or this one."""
    filled = _filled(name, (counted - 1, counted))
    for number, line in filled.values():
        try:
            msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return number
    return None


def _filled(name: str | None, wanted: tuple[int, ...]) -> dict[int, tuple[int, bytes]]:
    """Find lines by their numbers among those that are not blank: → number in the file, line."""
    found: dict[int, tuple[int, bytes]] = {}
    try:
        count = 0
        for number, line in enumerate(_lines(name) if name else (), 1):
            count += bool(line.strip())
            if line.strip() and count in wanted:
                found[count] = (number, line)
            if count >= wanted[-1]:
                break
    except (OSError, EOFError, zlib.error):
        return found
    return found


def _lines(name: str) -> Iterator[bytes]:
    with Path(name).open("rb") as data:
        zipped = data.peek(2)[:2] == b"\x1f\x8b"
        lines = cast("BinaryIO", GzipFile(fileobj=data) if zipped else data)
        # What is longer is no line that DuckDB reads; it must not be held to be counted.
        while 0 < len(line := lines.readline(LONGEST_LINE)) < LONGEST_LINE:
            yield line
