"""Text that is neither CSV nor JSON: one value, unless all of it is numbers."""

from __future__ import annotations

import csv
import io
import re

# No part goes back on what it took (`++`, `*+`), so that time grows with the length alone.
_NUMBER = re.compile(r"\s*+[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?\s*+", re.ASCII)
# The spellings that programs write, which become null without a type, too.
_NOT_FINITE = frozenset({"NaN", "nan", "inf", "-inf", "Infinity", "-Infinity"})


def is_number(cell: str) -> bool:
    """Whether a cell is a number in any spelling, or one that is not finite."""
    return bool(_NUMBER.fullmatch(cell)) or cell.strip() in _NOT_FINITE


def is_numeric(text: str) -> bool:
    """Whether a text is nothing but numbers, with commas and line ends between them."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return False
    cells = [cell for row in rows for cell in row]
    return bool(cells) and all(is_number(cell) or not cell.strip() for cell in cells)
