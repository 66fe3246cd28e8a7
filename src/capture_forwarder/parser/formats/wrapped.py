r"""A payload inside a JSON document, as text with a content type of its own.

So answer endpoints with Clarify's online explainability: `{"predictions": {"content_type":
"text/csv", "data": "0.61\n0.73"}, "explanations": ...}`. Source: AWS, "Invoke the endpoint" in
the developer guide's chapter on online explainability.
"""

from __future__ import annotations

import csv
import io

from capture_forwarder.parser.bounds import holds_too_much, too_much
from capture_forwarder.parser.formats.json_text import NOTHING, decode_documents


class Cell(str):
    """Text of CSV inside JSON, whose type is still to be found."""

    __slots__ = ()


def opened(document: object) -> object:
    """Replace the texts of wrapped payloads by what they hold; anything else stays as it is.

    Raises
    ------
    RejectedError
        With `too-many-values`.
    """
    if not isinstance(document, dict):
        return document
    if (inner := _inner(document)) is not NOTHING:
        return document | {"data": inner}
    found = {
        key: value | {"data": inner}
        for key, value in document.items()
        if isinstance(value, dict) and (inner := _inner(value)) is not NOTHING
    }
    return document | found if found else document


def _inner(held: dict[str, object]) -> object:
    kind, text = held.get("content_type"), held.get("data")
    if not isinstance(kind, str) or not isinstance(text, str):
        return NOTHING
    if holds_too_much(text):
        raise too_much("payload that is wrapped in JSON")
    if "csv" in kind.lower():
        return _cells(text)
    return decode_documents(text, lines="jsonl" in kind.lower()) if "json" in kind else NOTHING


def _cells(text: str) -> object:
    """Rows as lists; one row, and rows of one cell each, as one list."""
    if text.lstrip()[:1] in {"[", "{"} and (document := decode_documents(text)) is not NOTHING:
        return document
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        return NOTHING
    cells = [[Cell(cell) for cell in row] for row in rows]
    if len(cells) == 1:
        return cells[0]
    return [row[0] for row in cells] if all(len(row) == 1 for row in cells) else cells
