"""A CSV payload → the ways it can be read.

Beyond RFC 4180 there are the answers of AWS's XGBoost containers: scores on one line, bracketed
lists of class probabilities on one line, and a label with a quoted list.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from capture_forwarder.core.rejection import Reason
from capture_forwarder.parser.formats.json_document import decode_json, json_readings
from capture_forwarder.parser.formats.reading import Reading
from capture_forwarder.parser.rejected import RejectedError


def csv_readings(
    text: str, name: str, keys: Sequence[str], *, header: bool, optional_header: bool
) -> Iterator[Reading]:
    """Yield every way to read a CSV payload as records.

    Parameters
    ----------
    text
        The payload.
    name
        What to call it in a rejection: "request" or "response".
    keys
        The names that columns go by; a header that has any of them names the cells.
    header, optional_header
        Whether the first row is a header; whether it may also be none (a response to a request
        that had one, where the number of records decides).

    Raises
    ------
    RejectedError
        With `undecodable-payload`: the quoting is broken or a cell is over 128 KiB.
    """
    structured = list(_structured(text, keys))
    yield from structured
    try:
        rows = _rows(text, name, after_space=False)
    except RejectedError:
        if structured:
            return
        raise
    if structured and any(_is_cut(cell) for row in rows for cell in row):
        return
    variants = [rows]
    if ', "' in text:
        # A quote behind a space opens a quoted cell for some writers and is text for others.
        variants.append(_rows(text, name, after_space=True))
    for variant in variants:
        if header:
            yield from _below_header(variant, keys)
        if not header or optional_header:
            yield from _plain(variant, strict=bool(structured))


def _structured(text: str, keys: Sequence[str]) -> Iterator[Reading]:
    """JSON under the content type of CSV, or lists between the commas, as containers answer."""
    if text.lstrip()[:1] in {"{", "["}:
        document = decode_json(text)
        if isinstance(document, (list, dict)):
            yield from json_readings(document, keys)
            return
    if "[" in text and (lists := _bracketed(text)) is not None:
        yield Reading(lists)


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
        yield Reading([[cell] for cell in full[0]], text=True, strict=strict)
    if any(cell.startswith("[") for row in full for cell in row):
        flat = [_flattened(row) for row in full]
        if flat != full:
            yield Reading(flat, text=True)


def _below_header(rows: list[list[str]], keys: Sequence[str]) -> Iterator[Reading]:
    full = [row for row in rows if row]
    if not full:
        return
    names = [cell.strip() for cell in full[0]]
    if set(names) & set(keys):
        if all(len(row) == len(names) for row in full):
            yield Reading([dict(zip(names, row, strict=True)) for row in full[1:]], text=True)
    else:
        yield Reading(full[1:], text=True)


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
