"""Records of CSV → rows as JSON, many at once: the captured cells between the columns' names.

    1.50,red          →  {"income":1.50,"colour":"red","id":"a1"},
    7,blue            →  {"income":7.0,"colour":"blue","id":"a2"}

No value is read. All cells are split at once, each column is checked as a whole, and the cells
are put into every other place of one list, between texts that are the same for all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

import msgspec

from capture_forwarder.core.json_rows import BETWEEN, JsonRows
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.fast.csv_cells import Cells, CellSplitter
from capture_forwarder.parser.fast.csv_columns import CapturedColumn, WrittenColumn, column_writer
from capture_forwarder.parser.fast.csv_quotes import masked, unmasked
from capture_forwarder.parser.formats.numbers import as_floats, as_numbers, may_be_number
from capture_forwarder.parser.mapping.columns import Column


class WrittenRows(msgspec.Struct, frozen=True, gc=False):
    """Rows, written.

    Parameters
    ----------
    parts
        Their texts; each row begins with what ends the one before.
    width
        How many parts a row has.
    end
        What ends a row.
    odd
        The indexes of the rows that mean nothing.
    """

    parts: Sequence[str]
    width: int
    end: str
    odd: frozenset[int]

    def json(self, first: int, stop: int) -> JsonRows:
        """The rows from `first` up to `stop`, none of them odd."""
        parts = self.parts
        if first or stop * self.width < len(parts):
            parts = parts[first * self.width : stop * self.width]
        text = "".join(parts)
        return f"{text[len(self.end) + len(BETWEEN) :]}{self.end}".encode()


_encode = msgspec.json.Encoder().encode
_NUMBERS = (DataType.FLOAT, DataType.INT)
# What JSON texts cannot hold as it stands; a tab is rare, and so is left to the oracle too.
_UNESCAPED = bytes(range(32)) + b"\\"


class JsonRowWriter:
    """Writes rows of one route.

    Parameters
    ----------
    inputs, outputs
        The columns that are captured of the request and of the response, in order; at least one.
    metadata
        The metadata columns, which follow them.
    schema
        The types that are known, none of them a vector; a column without one is inferred cell
        by cell.
    """

    def __init__(
        self,
        inputs: Sequence[Column],
        outputs: Sequence[Column],
        metadata: Sequence[str],
        schema: Schema,
    ) -> None:
        names = [column.name for column in (*inputs, *outputs)]
        types = [schema.types.get(name) for name in names]
        self._writers = [column_writer(name, schema) for name in names]
        self._numbers = [n for n, known in enumerate(types) if known in _NUMBERS]
        self._floats = {n for n, known in enumerate(types) if known == DataType.FLOAT}
        self._are_floats = len(self._floats) == len(types)
        self._split = CellSplitter(types, len(metadata))
        self._fronts = [f"{_encode(name).decode()}:" for name in (*names, *metadata)]
        headers = [
            (first, frozenset(masked(w) for c in columns for w in (c.name, c.source) if w))
            for first, columns in ((0, inputs), (len(inputs), outputs))
            if columns
        ]
        self._headers_of_numbers = [
            header for header in headers if any(map(may_be_number, header[1]))
        ]
        # In a column of numbers, a name that is none is odd anyway.
        self._headers = [
            header
            for header in headers
            if types[header[0]] not in _NUMBERS or header in self._headers_of_numbers
        ]

    def __call__(
        self,
        records: Sequence[str],
        metadata: Iterable[WrittenColumn] = (),
        *,
        quoted: bool = False,
    ) -> WrittenRows:
        """Write rows.

        Parameters
        ----------
        records
            The text of each record, without a quote, a bracket or a line end. At least one.
        metadata
            The metadata columns.
        quoted
            Whether commas and quotes within cells are masked.

        Returns
        -------
        WrittenRows
            The rows; those of odd records mean nothing and are left to the oracle. A record with
            more or fewer cells than there are columns is odd, too.
        """
        found = self._split(records)
        cells = found.cells
        odd = {*found.odd, *self._headed(found)}
        captured, width = len(self._writers), len(self._fronts)
        bare = [False] * width
        if found.numbers and self._are_floats:
            self._make_floats(found)
        elif not found.written:
            if not found.numbers:
                odd.update(_unplain(found.records))
            for index, column in self._columns(found):
                written = self._writers[index](column)
                json = unmasked(written.json) if quoted else written.json
                if json is not column.cells:
                    cells[index::width] = json
                bare[index] = written.bare
                odd.update(written.odd)
        for index, of_calls in enumerate(metadata, captured):
            cells[index::width] = of_calls.json
            bare[index] = of_calls.bare
        return WrittenRows(self._parts(cells, bare), 2 * width, _end(bare), frozenset(odd))

    def _headed(self, found: Cells) -> set[int]:
        """Find the records that may be headers: their first cell is a column's name."""
        width = len(self._fronts)
        return {
            row
            for first, keys in (self._headers_of_numbers if found.numbers else self._headers)
            if not keys.isdisjoint(firsts := list(map(str.strip, found.cells[first::width])))
            for row, cell in enumerate(firsts)
            if cell in keys
        }

    def _columns(self, found: Cells) -> Iterator[tuple[int, CapturedColumn]]:
        """Yield the captured columns that are more than their cells; numbers are checked at once.

        Of floats that all are written with a point, nothing is left to do.
        """
        width = len(self._fronts)
        captured = range(len(self._writers))
        columns = [found.cells[index::width] for index in captured]
        of_numbers = captured if found.numbers else self._numbers
        numbers: dict[int, str] = {index: ",".join(columns[index]) for index in of_numbers}
        if numbers and not found.numbers:
            joined = ",".join(numbers.values())
            if as_numbers(joined, large=found.large) is not joined:
                numbers = {}
        for index, cells in enumerate(columns):
            known = numbers.get(index)
            if known is None or index not in self._floats or known.count(".") < len(cells):
                yield index, CapturedColumn(cells, found.large, known)

    def _make_floats(self, found: Cells) -> None:
        """Write the numbers of rows that may hold whole ones so that JSON takes them for floats."""
        cells, records = found.cells, found.records
        captured, width = len(self._writers), len(self._fronts)
        points = map(str.count, records, repeat("."))
        rows = [row for row, count in enumerate(points) if count != captured]
        if not rows:
            return
        starts = [row * width for row in rows]
        written = as_floats([cell for at in starts for cell in cells[at : at + captured]])
        for row, at in enumerate(starts):
            cells[at : at + captured] = written[row * captured : (row + 1) * captured]

    def _parts(self, cells: list[str], bare: Sequence[bool]) -> list[str]:
        """Put the cells between the names."""
        row: list[str] = []
        closing = f"{_end(bare)}{BETWEEN}{{"
        for front, is_bare in zip(self._fronts, bare, strict=True):
            row += (f'{closing}{front}"' if is_bare else f"{closing}{front}", "")
            closing = '",' if is_bare else ","
        parts = row * (len(cells) // len(self._fronts))
        parts[1::2] = cells
        return parts


def _end(bare: Sequence[bool]) -> str:
    return '"}' if bare[-1] else "}"


def _unplain(records: Sequence[str]) -> list[int]:
    """Find the records that hold what a JSON text cannot hold as it stands."""
    if _is_plain("".join(records)):
        return []
    return [row for row, text in enumerate(records) if not _is_plain(text)]


def _is_plain(text: str) -> bool:
    raw = text.encode()
    return len(raw.translate(None, _UNESCAPED)) == len(raw)
