"""Records of CSV → their cells, in one list, with room for the metadata columns behind each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from capture_forwarder.core.schema import DataType
from capture_forwarder.parser.formats.numbers import LONGEST_NUMBER, as_numbers, replace_odd

_NUMBERS = (DataType.FLOAT, DataType.INT)


class Cells(msgspec.Struct, frozen=True, gc=False):
    """The cells of some records.

    Parameters
    ----------
    cells
        Those of all records, in order; behind each record's come those of the metadata columns,
        which mean nothing yet.
    records
        The text of each record that they are of; a null has a point in it, as most numbers have.
    odd
        The indexes of the records that are odd: with another number of cells, or with a text among
        numbers. Others stand in for them.
    large
        Whether a number among them may have more digits than `LONGEST_NUMBER`.
    numbers
        Whether all captured cells are known to be numbers, or nulls as JSON has them.
    written
        Whether all captured cells are known to be as they are sent: numbers of columns without
        types, none of them the whole number -0, which is 0.
    """

    cells: list[str]
    records: Sequence[str]
    odd: Collection[int]
    large: bool
    numbers: bool
    written: bool = False


class CellSplitter:
    """Splits records.

    Parameters
    ----------
    types
        The types of the captured columns, as far as they are known.
    metadata
        How many metadata columns follow them.
    """

    def __init__(self, types: Sequence[DataType | None], metadata: int) -> None:
        self._captured = captured = len(types)
        self._metadata = metadata
        self._has_only_numbers = all(known in _NUMBERS for known in types)
        self._are_inferred = not any(types)
        self._may_be_numbers = all(known is None or known in _NUMBERS for known in types)
        # What is put behind a record makes room, is a number to JSON, and shows where the record
        # ends: no captured cell ends like that.
        room = ["0"] * max(1, metadata)
        self._end = f"{room.pop()}\n"
        self._behind = "".join(f",{cell}" for cell in (*room, self._end))
        self._between = f"{self._behind},"
        self._blank = ",".join("0" * captured)

    def __call__(self, records: Sequence[str]) -> Cells:
        """Split records without a quote or a line end in them; there is one at least."""
        cells = self._split(records)
        if cells is None:
            commas = self._captured - 1
            odd = {row for row, text in enumerate(records) if text.count(",") != commas}
            cells = self._split(self._without(records, odd), odd)
        assert cells is not None  # noqa: S101 - all records have as many cells now
        return cells

    def _without(self, records: Sequence[str], odd: Collection[int]) -> list[str]:
        """Put others in the places of odd records."""
        return [self._blank if row in odd else text for row, text in enumerate(records)]

    def _split(self, records: Sequence[str], odd: Collection[int] = ()) -> Cells | None:
        """Split records; None if some have another number of cells."""
        text = self._between.join(records) + self._behind
        large = max(map(len, records)) > LONGEST_NUMBER and _has_long_cell(text)
        # Where no type says what they are, the first record tells whether it is worth a look.
        are_numbers = self._has_only_numbers or (
            self._may_be_numbers and as_numbers(records[0], large=large) is not None
        )
        numbers = as_numbers(text, large=large) if are_numbers else None
        if numbers is None and self._has_only_numbers:
            # A few odd records are not worth that all others are looked at column by column.
            between, instead = self._between, self._blank
            replaced = replace_odd(records, large=large, between=between, instead=instead)
            if replaced is not None:
                odd = {*odd, *replaced.odd}
                records = self._without(records, odd)
                numbers = replaced.written + self._behind
        written = text if numbers is None else numbers
        return self._cells(written, records, odd, large=large, numbers=numbers is not None)

    def _cells(
        self,
        text: str,
        records: Sequence[str],
        odd: Collection[int],
        *,
        large: bool,
        numbers: bool,
    ) -> Cells | None:
        cells = text.split(",")
        width = self._captured + max(1, self._metadata)
        if len(cells) != width * len(records):
            return None
        if cells[width - 1 :: width].count(self._end) != len(records):
            return None
        if not self._metadata:
            del cells[width - 1 :: width]
        if numbers and "u" in text:
            records = text.replace("u", ".").split("\n")[:-1]
        written = numbers and self._are_inferred and "-0," not in text
        return Cells(cells, records, odd, large, numbers, written)


def _has_long_cell(text: str) -> bool:
    """Whether a cell is longer than numbers are; looks at one comma of many."""
    begin = 0
    while begin + LONGEST_NUMBER < len(text):
        begin = text.rfind(",", begin, begin + LONGEST_NUMBER + 1) + 1
        if not begin:
            return True
    return False
