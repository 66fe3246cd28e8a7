"""Numbers as they were captured: checked many at once, their digits copied and never read.

Which numbers are written as they stand: those that JSON and the column's type take, `NaN` and its
like and empty cells as null. All others are left to the oracle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

NULL = "null"

_FEW = 16
LONGEST_NUMBER = 200
"""A longer number may be too large for a double, with an exponent of two digits or without."""

# What numbers are written with, and what parts them: commas, and newlines between records.
_ALLOWED = b"0123456789.-+eE,\n"
_OF_NULLS = b" Nan"
_NULLS = dict.fromkeys(("", "nan", "NaN", "inf", "-inf", "Infinity", "-Infinity"), NULL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")

_EXPONENT = re.compile(r"e\+?[0-9]{3}")
_CAPITAL_EXPONENT = re.compile(r"E\+?[0-9]{3}")

# As in: JSON is malformed: invalid number (byte 5).
_BYTE_OF_ERROR = re.compile(r"\(byte ([0-9]+)\)")

_skip = msgspec.json.Decoder(msgspec.Raw).decode
_read = msgspec.json.Decoder(list[float | None]).decode


def as_numbers(cells: str, *, large: bool) -> str | None:
    """Write cells that hold nothing but numbers that fit a double, or none.

    Parameters
    ----------
    cells
        Cells with commas between; at least one.
    large
        Whether a number may have more digits than `LONGEST_NUMBER`.

    Returns
    -------
    str or None
        The same text; if there are empty cells or NaN, with null for each of them and without
        spaces behind commas; None if another cell is no number.
    """
    others = cells.encode().translate(None, _ALLOWED)
    if not others and _are_numbers(cells, large=large):
        return cells
    if not others and ",," not in f",{cells},":
        return None
    # A cell of nothing but spaces is a text to a column without a type.
    if others.translate(None, _OF_NULLS) or (b" " in others and ", ," in f"{cells},"):
        return None
    cells = _with_nulls(cells)
    # JSON takes a space for nothing, but what is put behind a number would stand apart from it.
    return cells if " " not in cells and _are_numbers(cells, large=large) else None


def _are_numbers(cells: str, *, large: bool) -> bool:
    # Only what may be too large is read, which takes three times as long.
    check = _read if large or _has_large_exponent(cells) else _skip
    try:
        check(f"[{cells}]")
    except msgspec.MsgspecError:
        return False
    return bool(cells)


def _has_large_exponent(cells: str) -> bool:
    """Whether there is an exponent of three digits, such as those of numbers beyond a double."""
    # A search for one letter is ten times as quick as for either.
    return ("e" in cells and _EXPONENT.search(cells) is not None) or (
        "E" in cells and _CAPITAL_EXPONENT.search(cells) is not None
    )


def _with_nulls(cells: str) -> str:
    # One character is found several times as soon as two.
    if " " in cells:
        cells = cells.replace(", ", ",")
    for letter in "nN":
        parts = cells.split(letter)
        if len(parts) > 1:
            is_nan = len(parts) % 2 and set(parts[1::2]) == {"a"}
            nan = f"{letter}a{letter}"
            cells = NULL.join(parts[::2]) if is_nan else cells.replace(nan, NULL)
    cells = f",{cells},"
    if ",," in cells:
        cells = cells.replace(",,", ",null,").replace(",,", ",null,")
    return cells[1:-1]


class Replaced(msgspec.Struct, frozen=True):
    """Many texts of numbers, with others in the places of the few that hold something else.

    Parameters
    ----------
    odd
        The indexes of those few, ascending.
    written
        All texts together, as `as_numbers` writes them.
    """

    odd: Sequence[int]
    written: str


def replace_odd(
    texts: Sequence[str], *, large: bool, between: str = ",", instead: str = "0"
) -> Replaced | None:
    """Find the texts that hold something else than numbers, and put others in their places.

    Parameters
    ----------
    texts
        Cells, or records with commas between their cells; one of them at least is no number.
    large
        See `as_numbers`.
    between
        What is put between the texts: a comma, or something with a newline in it.
    instead
        What is put in the place of an odd one.

    Returns
    -------
    Replaced or None
        None if more than a few are odd.
    """
    joined = between.join(texts)
    mark = "\n," if "\n" in between else ","
    odd = None
    if not joined.encode().translate(None, _ALLOWED):
        odd = _odd_ones(joined, mark)
    # An empty cell is none to JSON, but a null here.
    if odd is None or any(",," in f",{texts[index]}," for index in odd):
        odd = _odd_ones(_with_nulls(joined), mark)
    if odd is None:
        return None
    kept = list(texts)
    for index in odd:
        kept[index] = instead
    written = as_numbers(between.join(kept), large=large)
    return None if written is None else Replaced(odd, written)


def _odd_ones(cells: str, mark: str) -> list[int] | None:
    """Find what JSON takes neither for numbers nor for null, between marks; None if it is a lot.

    The decoder says where in the text it stopped, and goes on behind the next mark.
    """
    text = cells.encode()
    # One character is counted sooner than two.
    part = mark[0].encode()
    odd: list[int] = []
    begin = 0
    while begin < len(text):
        try:
            _skip(b"[%b]" % text[begin:])
        except msgspec.DecodeError as error:
            found = _BYTE_OF_ERROR.search(str(error))
            if found is None or len(odd) == _FEW:
                return None
            at = begin + int(found[1]) - 1
            odd.append(text.count(part, 0, at))
            end = text.find(part, at)
            begin = len(text) if end < 0 else end + len(mark)
        else:
            break
    return odd


def each_as_number(cells: Sequence[str], *, large: bool) -> tuple[list[str], list[int]]:
    """Write a column of which some cells are no plain numbers.

    Returns
    -------
    tuple
        The column as JSON, and the indexes of the cells that are no numbers.
    """
    replaced = replace_odd(cells, large=large)
    numbers = list(cells) if replaced is None else replaced.written.split(",")
    odd = []
    for n in range(len(cells)) if replaced is None else replaced.odd:
        cell = cells[n].strip()
        numbers[n] = _NULLS.get(cell, cell)
        if cell not in _NULLS and not is_json_number(cell):
            odd.append(n)
            numbers[n] = NULL
    return numbers, odd


def as_floats(cells: Sequence[str]) -> Sequence[str]:
    """Write numbers so that JSON takes them for floats: `5` becomes `5.0`."""
    return [cell if "." in cell else as_float(cell) for cell in cells]


def as_float(number: str) -> str:
    """Write one number, or a null; see `as_floats`."""
    return number if number == NULL or is_float(number) else f"{number}.0"


def not_whole(cells: Sequence[str], joined: str) -> list[int]:
    """Find the numbers that are written as floats, and the whole number -0, which is 0.

    `joined` is the text of all cells together.
    """
    if "." in joined or "e" in joined or "E" in joined or "-0" in joined:
        return [n for n, cell in enumerate(cells) if is_float(cell) or cell == "-0"]
    return []


def is_float(number: str) -> bool:
    """Whether a number is written as a float: with a point or an exponent."""
    return "." in number or "e" in number or "E" in number


def is_json_number(text: str) -> bool:
    """Whether JSON takes a text as a number, and it fits a double."""
    if _NUMBER.fullmatch(text) is None:
        return False
    fits = len(text) <= LONGEST_NUMBER and not _has_large_exponent(text)
    return fits or _are_numbers(text, large=True)


def may_be_number(text: str) -> bool:
    """Whether a cell of this text can be among numbers and nulls."""
    return text in _NULLS or text == NULL or is_json_number(text)
