"""Records of CSV → rows as JSON, many at once: the captured cells between the columns' names.

    1.50,red          →  {"income":1.50,"colour":"red","id":"a1"},
    7,blue            →  {"income":7.0,"colour":"blue","id":"a2"}

No value is read. All cells are split at once, each column is checked as a whole, and the cells
are put into every other place of one list, between texts that are the same for all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from capture_forwarder.core.json_rows import BETWEEN, JsonRows
from capture_forwarder.core.schema import DataType, Schema
from capture_forwarder.parser.fast.csv_columns import Cells, WrittenColumn, column_writer
from capture_forwarder.parser.fast.knobs import LONGEST_NUMBER
from capture_forwarder.parser.formats.numbers import are_numbers, as_floats, with_nulls
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
        text = "".join(self.parts[first * self.width : stop * self.width])
        return f"{text[len(self.end) + len(BETWEEN) :]}{self.end}".encode()


_encode = msgspec.json.Encoder().encode
_NUMBERS = (None, DataType.FLOAT, DataType.INT)
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
        self._are_numbers = all(known in _NUMBERS for known in types)
        self._are_floats = all(known == DataType.FLOAT for known in types)
        self._fronts = [f"{_encode(name).decode()}:" for name in (*names, *metadata)]
        # What is put between records makes room for the metadata columns, and is a number to JSON.
        self._room = ",0" * len(metadata)
        self._headers = [
            (first, frozenset(filter(None, (w for c in columns for w in (c.name, c.source)))))
            for first, columns in ((0, inputs), (len(inputs), outputs))
            if columns
        ]

    def __call__(
        self, records: Sequence[str], metadata: Iterable[WrittenColumn] = ()
    ) -> WrittenRows:
        """Write rows.

        Parameters
        ----------
        records
            The text of each record: as many cells as there are columns, no quotes, brackets or
            line ends in them. At least one.
        metadata
            The metadata columns.

        Returns
        -------
        WrittenRows
            The rows; those of odd records mean nothing and are left to the oracle.
        """
        large = max(map(len, records)) > LONGEST_NUMBER
        text = f"{self._room},".join(records) + self._room
        text, are_checked = self._checked(text, large=large)
        cells = text.split(",")
        captured, width = len(self._writers), len(self._fronts)
        odd = self._headed(cells)
        if not are_checked:
            odd.update(_unplain(records))
        bare = [False] * width
        if are_checked and self._are_floats:
            self._make_floats(cells, records)
        else:
            for index, write in enumerate(self._writers):
                column = write(cells[index::width], large, are_checked)
                cells[index::width] = column.json
                bare[index] = column.bare
                odd.update(column.odd)
        for index, column in enumerate(metadata, captured):
            cells[index::width] = column.json
            bare[index] = column.bare
        return WrittenRows(self._parts(cells, bare), 2 * width, _end(bare), frozenset(odd))

    def _checked(self, text: str, *, large: bool) -> tuple[str, bool]:
        """Check all cells at once, where all columns are numbers.

        Returns
        -------
        tuple
            The cells, with nulls for those without a number, and whether all are known to be
            numbers or nulls.
        """
        if not self._are_numbers:
            return text, False
        if are_numbers(text, large=large):
            return text, True
        with_none = with_nulls(text)
        if are_numbers(with_none, large=large, nulls=True):
            return with_none, True
        return text, False

    def _headed(self, cells: Cells) -> set[int]:
        """Find the records that may be headers: their first cell is a column's name."""
        width = len(self._fronts)
        return {
            row
            for first, keys in self._headers
            if not keys.isdisjoint(firsts := list(map(str.strip, cells[first::width])))
            for row, cell in enumerate(firsts)
            if cell in keys
        }

    def _make_floats(self, cells: list[str], records: Sequence[str]) -> None:
        """Write the numbers of rows that may hold whole ones so that JSON takes them for floats."""
        captured, width = len(self._writers), len(self._fronts)
        rows = [row for row, text in enumerate(records) if text.count(".") != captured]
        if not rows:
            return
        whole = [cell for row in rows for cell in cells[row * width : row * width + captured]]
        for index in range(captured):
            whole[index::captured] = as_floats(whole[index::captured])
        for at, row in enumerate(rows):
            found = whole[at * captured : (at + 1) * captured]
            cells[row * width : row * width + captured] = found

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
