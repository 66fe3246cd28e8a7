"""A comma list, as settings have them → its entries; CSV quoting is allowed."""

from __future__ import annotations

import csv


def entries_of(text: str) -> list[str]:
    """Split a comma list; an empty text has no entries.

    Raises
    ------
    ValueError
        The text is no line of CSV, or an entry is empty.
    """
    if not text.strip():
        return []
    try:
        rows = list(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError(f"the list is not CSV: {error}") from error
    cells = [cell.strip() for row in rows for cell in row]
    if "" in cells:
        raise ValueError("the list has an empty entry (two commas in a row, or one at an end)")
    return cells
