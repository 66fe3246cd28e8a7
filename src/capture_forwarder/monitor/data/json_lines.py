"""JSON Lines, as the publisher of files writes them → a relation of text."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
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
_OF_NUMBERS = frozenset(b"%c" % sign for sign in b"-0123456789n")  # n is that of null
_TYPES = {Kind.BARE: "JSON", Kind.TEXT: "VARCHAR", Kind.FINITE: "DOUBLE"}
_Object = dict[str, msgspec.Raw]


def json_relation(files: Sequence[Path], fractions: Collection[str] = ()) -> Relation:
    """Read JSON Lines; an absent key and null are no value.

    The columns are the names in the first lines of each file: of `_LINES` lines in all, and of at
    least `_LEAST_OF_A_FILE` of each file.

    Parameters
    ----------
    files
        At least one, gzip or not.
    fractions
        Columns of which it does not matter whether a number is written as 3 or as 3.0. Where the
        data is large, they are read as numbers if the first lines hold nothing else.

    Raises
    ------
    DataError, UsageError
        A file cannot be read, a line is no JSON object, or DuckDB would take two names for one.
    """
    numbers: dict[str, bool] = {}
    some = max(_LEAST_OF_A_FILE, _LINES // len(files))
    for file in files:
        for found in _lines(file, some):
            for name, value in found.items():
                numbers[name] = numbers.get(name, True) and bytes(value)[:1] in _OF_NUMBERS
    if not numbers:
        return Relation("(SELECT 1 WHERE false)")
    for one, other in alike(numbers):
        problem = f"The data has columns that differ only in case: {one!r} and {other!r}"
        raise UsageError(f"{problem}.", "Give one of them another name.")
    kept = list(islice(numbers, MOST_COLUMNS))
    # Read as text, a number is as it was written, and a text is without its quotes.
    kinds = [Kind.TEXT] * len(kept)
    quick_kinds = [
        Kind.TEXT if not numbers[name] else Kind.FINITE if name in fractions else Kind.BARE
        for name in kept
    ]
    notes = _left_out(len(numbers) - len(kept))
    return Relation(
        _sql(files, kept, kinds),
        numbered(kept, kinds, "The data"),
        notes=notes,
        quick=Relation(
            _sql(files, kept, quick_kinds), numbered(kept, quick_kinds, "The data"), notes=notes
        ),
    )


def _sql(files: Sequence[Path], names: Sequence[str], kinds: Sequence[Kind]) -> str:
    listed = ", ".join(literal(str(file)) for file in files)
    types = ", ".join(
        f"{literal(name)}: '{_TYPES[kind]}'" for name, kind in zip(names, kinds, strict=True)
    )
    given = ", ".join(f"c{index}" for index in range(len(names)))
    return (
        f"(FROM read_json([{listed}], columns = {{{types}}}, "
        "format = 'newline_delimited', records = true, "
        f"maximum_object_size = {_LONGEST_LINE}) AS lines({given}))"
    )


def _left_out(count: int) -> tuple[str, ...]:
    if count <= 0:
        return ()
    return (f"{count} columns were left out: no more than {MOST_COLUMNS} are looked at.",)


def _lines(file: Path, some: int) -> Iterator[_Object]:
    decoder = msgspec.json.Decoder(_Object)
    try:
        with _opened(file) as lines:
            for number, line in enumerate(islice(lines, some), 1):
                if line.strip():
                    yield _decoded(decoder, line, file, number)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {error}.", "Check that it is whole.") from error


def _decoded(
    decoder: msgspec.json.Decoder[_Object], line: bytes, file: Path, number: int
) -> _Object:
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
