"""JSON Lines, as the publisher of files writes them → a relation of text."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from gzip import GzipFile
from io import BufferedReader, RawIOBase
from itertools import islice
from typing import cast

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.letter_case import alike
from capture_forwarder.monitor.counted import counted
from capture_forwarder.monitor.data.files import DataFile
from capture_forwarder.monitor.data.relation import Kind, Relation, numbered
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.errors import DataError

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".ndjson", ".ndjson.gz")
MOST_COLUMNS = 5_000
"""Further names are left out, and this is noted."""

_LINES = 20_000
_LEAST_OF_A_FILE = 100
_OF_NUMBERS = frozenset(b"%c" % sign for sign in b"-0123456789n")  # n is that of null
_Object = dict[str, msgspec.Raw]


def json_relation(
    engine: Engine, files: Sequence[DataFile], fractions: Collection[str] = ()
) -> Relation:
    """Read JSON Lines; an absent key and null are no value.

    The columns are the names in the first lines of each file: of `_LINES` lines in all, and of at
    least `_LEAST_OF_A_FILE` of each file.

    Parameters
    ----------
    engine
        Reads them.
    files
        At least one, gzip or not.
    fractions
        Columns of which it does not matter whether a number is written as 3 or as 3.0. Where the
        data is large, they are read as numbers if the first lines hold nothing else.

    Raises
    ------
    DataError, UsageError
        A file cannot be read, a line is no JSON object, or two names differ only in case.
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
        Kind.TEXT if not numbers[name] else Kind.FINITE if name in fractions else engine.bare
        for name in kept
    ]
    notes = _left_out(len(numbers) - len(kept))
    read = [file.name for file in files]
    return Relation(
        engine.json_lines(read, kept, kinds),
        numbered(kept, kinds, "The data"),
        notes=notes,
        quick=Relation(
            engine.json_lines(read, kept, quick_kinds),
            numbered(kept, quick_kinds, "The data"),
            notes=notes,
        ),
    )


def _left_out(count: int) -> tuple[str, ...]:
    if count <= 0:
        return ()
    what = counted(count, "column was", "columns were")
    return (f"{what} left out: no more than {MOST_COLUMNS} are looked at.",)


def _lines(file: DataFile, some: int) -> Iterator[_Object]:
    decoder = msgspec.json.Decoder(_Object)
    try:
        with _opened(file) as lines:
            for number, line in enumerate(islice(lines, some), 1):
                if line.strip():
                    yield _decoded(decoder, line, file, number)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{file.name} cannot be read: {error}.", "Check that it is whole."
        ) from error


def _decoded(
    decoder: msgspec.json.Decoder[_Object], line: bytes, file: DataFile, number: int
) -> _Object:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = f"Line {number} of {file.name} is no JSON object"
        advice = 'JSON Lines have one object a line: {"column": value, ...}'
        raise UsageError(f"{problem}.", advice) from None


@contextmanager
def _opened(file: DataFile) -> Iterator[Iterable[bytes]]:
    with file.opened() as data, BufferedReader(cast("RawIOBase", data)) as buffered:
        zipped = buffered.peek(2)[:2] == b"\x1f\x8b"
        yield GzipFile(fileobj=buffered) if zipped else buffered
