"""Numbers as they were captured: checked many at once, their digits copied and never read.

Which numbers are written as they stand: those that JSON and the column's type take, `NaN` and its
like and empty cells as null. All others are left to the oracle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

NULL = "null"

# What numbers are written with, and what parts them.
_ALLOWED = b"0123456789.-+eE,"
_NULLS = dict.fromkeys(("", "nan", "NaN", "inf", "-inf", "Infinity", "-Infinity"), NULL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")

_skip = msgspec.json.Decoder(msgspec.Raw).decode
_read = msgspec.json.Decoder(list[float | None]).decode


def are_numbers(cells: str, *, large: bool, nulls: bool = False) -> bool:
    """Whether cells hold nothing but numbers that fit a double.

    Parameters
    ----------
    cells
        Cells with commas between.
    large
        Whether a number may be too large for a double although it has no exponent.
    nulls
        Whether there may be nulls among them.
    """
    if not cells or cells.encode().translate(None, _ALLOWED + b"nul" if nulls else _ALLOWED):
        return False
    # Only what may be too large is read, which takes three times as long.
    check = _read if large or "e" in cells or "E" in cells else _skip
    try:
        check(f"[{cells}]")
    except msgspec.MsgspecError:
        return False
    return True


def with_nulls(cells: str) -> str:
    """Write null for each cell that is empty or NaN; a cell that says null itself is spoiled.

    Spaces behind commas are left out, as they are nothing to a number.
    """
    if ", " in cells:
        cells = cells.replace(", ", ",")
    if "u" in cells:
        cells = cells.replace("u", "?")
    for word in ("NaN", "nan"):
        if word in cells:
            cells = cells.replace(word, NULL)
    cells = f",{cells},"
    if ",," in cells:
        cells = cells.replace(",,", ",null,").replace(",,", ",null,")
    return cells[1:-1]


def checked(cells: Sequence[str], *, large: bool) -> tuple[Sequence[str], list[int]]:
    """Check a column.

    Returns
    -------
    tuple
        The column as JSON, and the indexes of the cells that are no numbers.
    """
    text = ",".join(cells)
    if are_numbers(text, large=large):
        return cells, []
    cells = [cell.strip() for cell in cells]
    numbers = [_NULLS.get(cell, cell) for cell in cells]
    if "u" not in text and are_numbers(",".join(numbers), large=large, nulls=True):
        return numbers, []
    odd = [n for n, cell in enumerate(cells) if cell not in _NULLS and not is_json_number(cell)]
    for n in odd:
        numbers[n] = NULL
    return numbers, odd


def as_floats(cells: Sequence[str]) -> Sequence[str]:
    """Write numbers so that JSON takes them for floats: `5` becomes `5.0`."""
    if ",".join(cells).count(".") == len(cells):
        return cells
    return [cell if "." in cell else _as_float(cell) for cell in cells]


def _as_float(number: str) -> str:
    return number if number == NULL or is_float(number) else f"{number}.0"


def not_whole(cells: Sequence[str]) -> list[int]:
    """Find the numbers that are written as floats, and the whole number -0, which is 0."""
    text = ",".join(cells)
    if "." in text or "e" in text or "E" in text or "-0" in text:
        return [n for n, cell in enumerate(cells) if is_float(cell) or cell == "-0"]
    return []


def is_float(number: str) -> bool:
    """Whether a number is written as a float: with a point or an exponent."""
    return "." in number or "e" in number or "E" in number


def is_json_number(text: str) -> bool:
    """Whether JSON takes a text as a number, and it fits a double."""
    return _NUMBER.fullmatch(text) is not None and are_numbers(text, large=True)
