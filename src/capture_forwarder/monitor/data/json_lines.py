"""JSON Lines, as the publisher of files writes them → a relation of JSON values."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.letter_case import alike
from capture_forwarder.monitor.data.engine import literal
from capture_forwarder.monitor.data.relation import Kind, Relation, numbered
from capture_forwarder.monitor.errors import DataError

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz")
MOST_COLUMNS = 5_000
"""Further names are left out, and this is noted."""

_LINES = 20_000
_LEAST_OF_A_FILE = 100
_LONGEST_LINE = 64 * 1024 * 1024
_Names = dict[str, msgspec.Raw]


def json_relation(files: Sequence[Path]) -> Relation:
    """Read JSON Lines; an absent key and null are no value.

    The columns are the names in the first lines of each file: of `_LINES` lines in all, and of at
    least `_LEAST_OF_A_FILE` of each file.

    Parameters
    ----------
    files
        At least one, gzip or not.

    Raises
    ------
    DataError, UsageError
        A file cannot be read, a line is no JSON object, or DuckDB would take two names for one.
    """
    names: dict[str, None] = {}
    some = max(_LEAST_OF_A_FILE, _LINES // len(files))
    for file in files:
        for found in _names(file, some):
            names.update(dict.fromkeys(found))
    if not names:
        return Relation("(SELECT 1 WHERE false)")
    for one, other in alike(names):
        problem = f"The data has columns that differ only in case: {one!r} and {other!r}"
        raise UsageError(f"{problem}.", "Give one of them another name.")
    kept = list(islice(names, MOST_COLUMNS))
    notes = _left_out(len(names) - len(kept))
    types = ", ".join(f"{literal(name)}: 'JSON'" for name in kept)
    listed = ", ".join(literal(str(file)) for file in files)
    columns = numbered(kept, [Kind.JSON] * len(kept), "The data")
    given = ", ".join(column.sql for column in columns)
    sql = (
        f"(SELECT * FROM read_json([{listed}], columns = {{{types}}}, "
        "format = 'newline_delimited', records = true, "
        f"maximum_object_size = {_LONGEST_LINE}) AS lines({given}))"
    )  # noqa: S608 - quoted
    return Relation(sql, columns, notes=notes)


def _left_out(count: int) -> tuple[str, ...]:
    if count <= 0:
        return ()
    return (f"{count} columns were left out: no more than {MOST_COLUMNS} are looked at.",)


def _names(file: Path, some: int) -> Iterator[_Names]:
    decoder = msgspec.json.Decoder(_Names)
    try:
        with _opened(file) as lines:
            for number, line in enumerate(islice(lines, some), 1):
                if line.strip():
                    yield _decoded(decoder, line, file, number)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}.", "Check that it is whole.") from error


def _decoded(decoder: msgspec.json.Decoder[_Names], line: bytes, file: Path, number: int) -> _Names:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = f"Line {number} of {file} is no JSON object"
        advice = 'JSON Lines have one object a line: {"column": value, ...}'
        raise UsageError(f"{problem}.", advice) from None


def _opened(file: Path) -> AbstractContextManager[Iterable[bytes]]:
    with file.open("rb") as opened:
        zipped = opened.read(2) == b"\x1f\x8b"
    return gzip.open(file, "rb") if zipped else file.open("rb")
