"""A batch → its rows as the table takes them: JSON, each with its key, and the types they need."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby, islice, repeat
from operator import attrgetter
from typing import Any

import msgspec

from capture_forwarder.core.batch import Batch, ChunkSlice
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inferences import WrittenInferences, values_of
from capture_forwarder.core.json_rows import (
    BETWEEN,
    JsonRowEncoder,
    JsonRows,
    row_struct,
    split_rows,
)
from capture_forwarder.core.letter_case import folded
from capture_forwarder.publishers.column_types import (
    NULLS,
    TEXT,
    TIME,
    add_types,
    type_of,
    utc,
    widened,
)
from capture_forwarder.publishers.duckdb.json_fit import fitting, is_read_by_duckdb

LINE = "line_digest"
"""The column that tells lines with one id apart: a digest of the captured line."""

Key = tuple[str, bytes]
"""The id of an inference and the digest of its line."""

# So many are held as values at once.
_ROWS_AT_ONCE = 512
_SHAPES_KNOWN = 64
_encode_lines = msgspec.json.Encoder().encode_lines
_decode_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True)
class Rows:
    """Rows that go into the table together.

    Parameters
    ----------
    json
        Key → the row as a JSON object of column → value, with its key in it.
    types
        Column → the narrowest type that holds all of its values, also for what is always null.
    odd_times
        The columns in which a time is written in a way that DuckDB reads as another one, or not
        at all.
    """

    json: dict[Key, bytes]
    types: dict[str, str]
    odd_times: frozenset[str] = frozenset()

    def with_times_in_utc(self, times: Collection[str]) -> Iterable[bytes]:
        """The rows with these columns of times as DuckDB reads them."""
        rows, odd = self.json.values(), self.odd_times & set(times)
        return (_with_utc(row, odd) for row in rows) if odd else rows


def merged(several: Sequence[Rows]) -> Rows:
    """All rows of several; of those with one key, the last."""
    if len(several) == 1:
        return several[0]
    json: dict[Key, bytes] = {}
    types: dict[str, str] = {}
    for rows in several:
        json |= rows.json
        add_types(types, rows.types)
    return Rows(json, types, frozenset().union(*(rows.odd_times for rows in several)))


class RowWriter:
    """Writes the rows of batches; may be called by several threads.

    Parameters
    ----------
    key
        The column with the inference id.
    times
        The columns whose ISO 8601 texts are times.
    """

    def __init__(self, key: str, times: Collection[str]) -> None:
        self._key = key
        self._times = frozenset(times)

    def __call__(self, batch: Batch, known: Mapping[str, str]) -> Rows:
        """Write the rows of a batch; of those with one key, the last.

        Parameters
        ----------
        batch
            At least one inference.
        known
            Column → its type in the table, as far as is known. Where all values fit these, they
            are what is needed.

        Raises
        ------
        PublisherMisconfiguredError
            A column of the table's own has another value.
        """
        json: dict[Key, bytes] = {}
        types = {self._key: TEXT}
        odd_times: set[str] = set()
        digests = _digests(batch)
        spelling = {folded(name): kind for name, kind in known.items()}
        for written in _written(batch):
            if LINE in written.names:
                message = f"The column {LINE!r} is the table's own, but a value is mapped to it."
                raise PublisherMisconfiguredError(message, "Give the column another name.")
            kinds = tuple(spelling.get(folded(name), NULLS) for name in written.names)
            rows = split_rows(BETWEEN.encode().join(written.fragments))
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                some = BETWEEN.encode().join(rows[first : first + _ROWS_AT_ONCE])
                ids = written.ids[first : first + _ROWS_AT_ONCE]
                odd_times |= self._look_at(some, ids, written.names, kinds, types)
            lines = list(islice(digests, len(rows)))
            keys = zip(written.ids, lines, strict=True)
            json |= zip(keys, self._keyed(rows, written, lines), strict=True)
        return Rows(json, types | {LINE: TEXT}, frozenset(odd_times))

    def _look_at(
        self,
        rows: JsonRows,
        ids: Sequence[str],
        names: tuple[str, ...],
        kinds: tuple[str, ...],
        types: dict[str, str],
    ) -> set[str]:
        """Widen the types so that they hold all values; return the columns with odd times."""
        columns = _columns_that_fit(rows, names, kinds, {self._key, *self._times})
        is_new = columns is None
        if columns is None:
            columns = dict(zip(names, zip(*values_of(names, [rows]), strict=True), strict=False))
        odd_times = set()
        for name, values in columns.items():
            if name == self._key and values != tuple(ids):
                message = f"The column {name!r} is the table's key, but another value is mapped."
                raise PublisherMisconfiguredError(message, "Set FORWARDER_EVENT_ID_COLUMN.")
            if is_new or name in self._times:
                needed = type_of(values, is_time=name in self._times)
                types[name] = widened(types.get(name, NULLS), needed)
                if needed == TIME and not _all_read_by_duckdb(values):
                    odd_times.add(name)
        if not is_new:
            others = zip(names, kinds, strict=True)
            add_types(types, {name: kind for name, kind in others if name not in self._times})
        return odd_times

    def _keyed(
        self, rows: Sequence[JsonRows], written: WrittenInferences, lines: Sequence[bytes]
    ) -> list[JsonRows]:
        """Put the key in front of each row's own columns."""
        between = b"," if written.names else b""
        front = b'{"%b":"' % LINE.encode()
        if self._key in written.names:
            pairs = zip(lines, rows, strict=True)
            return [b'%b%b"%b%b' % (front, line, between, row[1:]) for line, row in pairs]
        key = b'",%b:' % msgspec.json.encode(self._key)
        ids = _encode_lines(list(written.ids)).split(b"\n")[:-1]
        return [
            b"%b%b%b%b%b%b" % (front, line, key, identity, between, row[1:])
            for line, identity, row in zip(lines, ids, rows, strict=True)
        ]


def _columns_that_fit(
    rows: JsonRows, names: tuple[str, ...], kinds: tuple[str, ...], wanted: Collection[str]
) -> dict[str, tuple[object, ...]] | None:
    """The values of the columns that are wanted, if those of all columns surely fit their types.

    One call of a decoder finds that out, in half of the time that it takes to look at each value.
    """
    decode = _fitting_decoder(names, kinds)
    if decode is None:
        return None
    try:
        found = decode(b"[%b]" % rows)
    except msgspec.ValidationError:
        return None
    fields = {name: f"column_{n}" for n, name in enumerate(names) if name in wanted}
    return {name: tuple(map(attrgetter(field), found)) for name, field in fields.items()}


@lru_cache(maxsize=_SHAPES_KNOWN)
def _fitting_decoder(
    names: tuple[str, ...], kinds: tuple[str, ...]
) -> Callable[[bytes], list[Any]] | None:
    struct = row_struct(names, map(fitting, kinds))
    if struct is None:
        return None
    return msgspec.json.Decoder(list[struct]).decode  # type: ignore[valid-type]


def _written(batch: Batch) -> Iterator[WrittenInferences]:
    """The inferences of a batch as JSON, those with the same columns together."""
    if isinstance(batch.inferences, WrittenInferences):
        yield batch.inferences
        return
    encode = JsonRowEncoder()
    for names, group in groupby(batch.inferences, attrgetter("names")):
        alike = list(group)
        rows = encode(names, [one.values for one in alike])
        yield WrittenInferences([one.id for one in alike], names, [rows])


def _digests(batch: Batch) -> Iterator[bytes]:
    """Of each inference, the digest of its line, as hexadecimal digits."""
    for part in batch.slices:
        if isinstance(part, ChunkSlice):
            lines = part.chunk.texts(len(part.counts))
            for line, count in zip(lines, part.counts, strict=True):
                yield from repeat(_digest(line), count)
        else:
            yield from repeat(_digest(part.line.data), part.count)


def _digest(line: bytes) -> bytes:
    return hexlify(blake2b(line, digest_size=8).digest())


def _all_read_by_duckdb(times: Sequence[object]) -> bool:
    return all(is_read_by_duckdb(str(time)) for time in {*times} - {None})


def _with_utc(row: bytes, times: Collection[str]) -> bytes:
    parts = _decode_parts(row)
    texts = {name: msgspec.json.decode(parts[name]) for name in times if name in parts}
    in_utc = {name: utc(text) for name, text in texts.items() if text is not None}
    return msgspec.json.encode({**parts, **in_utc}) if in_utc else row
