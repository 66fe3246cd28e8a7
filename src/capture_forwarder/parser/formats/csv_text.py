"""A CSV payload → the ways it can be read.

Beyond RFC 4180 there are the answers of AWS's XGBoost containers: scores on one line, bracketed
lists of class probabilities on one line, and a label with a quoted list.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.bounds import MOST_RECORDS
from capture_forwarder.parser.formats.json_text import decode_json
from capture_forwarder.parser.formats.plain_text import is_number
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.rejected import RejectedError

# Python's limit of 131,072 characters a cell guards against files without end; what comes here
# is never longer than a line may be.
csv.field_size_limit(2**31 - 1)

_FEWEST_WITH_HEADER = 2


def csv_readings(text: str, name: str, *, strict: bool = False) -> Iterator[Reading]:
    """Yield every way to read a CSV payload as records of which each is a row.

    Parameters
    ----------
    text
        The payload.
    name
        What to call it in a rejection: "request" or "response".
    strict
        Whether the payload can be read as JSON, too, so that its cells are doubtful.

    Raises
    ------
    RejectedError
        With `undecodable-payload`: the quoting is broken, and it is no JSON either.
    """
    lists = _bracketed(text) if "[" in text and not strict else None
    if lists is not None:
        yield Reading(lists)
    structured = strict or lists is not None
    try:
        variants = _variants(text, name)
    except RejectedError:
        if structured:
            return
        raise
    if structured and any(_is_cut(cell) for row in variants[0] for cell in row):
        return
    for rows in variants:
        yield from _plain(rows, strict=structured)


def readings_below_header(text: str, name: str, keys: Sequence[str]) -> list[Reading]:
    """Read rows by the names in the first row; none if it has none of the keys.

    Raises
    ------
    RejectedError
        With `undecodable-payload`: the quoting is broken.
    """
    found = []
    for rows in _variants(text, name):
        full = [row for row in rows if row]
        names = [cell.strip() for cell in full[0]] if full else []
        if len(full) > MOST_RECORDS + 1:
            continue  # read as plain rows, they are found to be too many
        if set(names) & set(keys) and all(len(row) == len(names) for row in full):
            records = [dict(zip(names, row, strict=True)) for row in full[1:]]
            found.append(Reading(records, text=True))
    return found


def is_header(text: str, name: str, keys: Sequence[str]) -> bool:
    """Whether the first row consists of the keys, as no record does.

    Raises
    ------
    RejectedError
        With `undecodable-payload`: the quoting is broken.
    """
    rows = [row for row in _rows(text, name, after_space=False) if row]
    names = [cell.strip() for cell in rows[0]] if rows else []
    if not names or len(rows) == len(names) == 1 or all(map(is_number, names)):
        return False
    return set(names) <= set(keys)


def begins_with_names(rows: Sequence[Sequence[object]]) -> bool:
    """Whether texts stand above numbers: a header that was read as a record."""
    if len(rows) < _FEWEST_WITH_HEADER:
        return False
    first, *others = rows
    if not all(isinstance(cell, str) and cell.strip() and not is_number(cell) for cell in first):
        return False
    return all(isinstance(cell, str) and is_number(cell) for row in others for cell in row)


def _variants(text: str, name: str) -> list[list[list[str]]]:
    """The rows; twice, where a quote behind a space opens a cell for some writers only."""
    variants = [_rows(text, name, after_space=False)]
    if ', "' in text:
        variants.append(_rows(text, name, after_space=True))
    return variants


def _is_cut(cell: str) -> bool:
    """Whether a comma inside a list was taken for one between cells."""
    return cell.lstrip()[:1] == "[" and cell.rstrip()[-1:] != "]"


def _plain(rows: list[list[str]], *, strict: bool) -> Iterator[Reading]:
    full = [row for row in rows if row]
    yield Reading(full, text=True, strict=strict)
    if len(full) != len(rows):
        # In a payload of one column a blank line is a record whose cell is empty.
        blanks = len(rows) - len(full)
        filled = [row or [""] for row in rows]
        yield Reading(filled, text=True, strict=strict, doubt=blanks)
    if len(full) == 1 and len(full[0]) > 1:
        yield Reading(full[0], text=True, strict=strict)
    if any(cell.startswith("[") for row in full for cell in row):
        flat = [_flattened(row) for row in full]
        if flat != full:
            yield Reading(flat, text=True)


def _rows(text: str, name: str, *, after_space: bool) -> list[list[str]]:
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    try:
        return list(csv.reader(lines, strict=True, skipinitialspace=after_space))
    except csv.Error as error:
        detail = f"The {name} is not readable CSV: {error}."
        raise RejectedError(Reason.UNDECODABLE_PAYLOAD, detail) from error


def _bracketed(text: str) -> list[object] | None:
    """Records of unquoted lists: several on a line, or values with a list among them."""
    records: list[object] = []
    for line in text.splitlines() if "\n" not in text else text.split("\n"):
        if not line.strip():
            continue
        if '"' in line:
            return None
        items = decode_json(f"[{line}]")
        if not isinstance(items, list) or not any(isinstance(item, list) for item in items):
            return None
        if all(isinstance(item, list) for item in items):
            records += items
        else:
            records.append([part for item in items for part in _parts(item)])
    return records


def _parts(item: object) -> list[object]:
    return item if isinstance(item, list) else [item]


def _flattened(row: list[str]) -> list[str]:
    """Spread quoted lists over cells, as in a label with the probabilities of its classes."""
    cells: list[str] = []
    for cell in row:
        items = decode_json(cell) if cell.startswith("[") else None
        cells += [str(item) for item in items] if isinstance(items, list) else [cell]
    return cells
