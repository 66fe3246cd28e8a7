"""CSV with quoted cells → the same records without quotes, so that a comma parts all cells.

    5,"Smith, ""Jo"" John"   →   5,Smith⟨comma⟩ ⟨quote⟩Jo⟨quote⟩ John

Two characters that are nowhere in the payloads mask commas and quotes within a cell, until the
cell is written.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import accumulate, chain

_COMMA, _QUOTE = "\x7f", "\x80"
# Payloads with a carriage return are left to the oracle, and records have no line end.
_RECORD_END, _CELL_END = "\r", "\n"


def can_be_masked(payloads: Sequence[str]) -> bool:
    """Whether neither of the two characters is in payloads."""
    joined = "".join(payloads)
    return _COMMA not in joined and _QUOTE not in joined


def unquoted(payloads: Sequence[str]) -> list[str | None]:
    """Write payloads without quotes.

    Parameters
    ----------
    payloads
        Records with a newline between them; no carriage returns, and nothing that masks.

    Returns
    -------
    list
        Each payload, with as many records; None for what may mean something else: a quote behind a
        space, a line end within a cell, or broken quoting.
    """
    lines = [payload.split("\n") for payload in payloads]
    records = _without_quotes(list(chain.from_iterable(lines)))
    if records is None:
        if len(payloads) == 1:
            return [None]
        return [unquoted([payload])[0] for payload in payloads]
    counts = list(map(len, lines))
    return [
        "\n".join(records[end - count : end])
        for end, count in zip(accumulate(counts), counts, strict=True)
    ]


def _without_quotes(lines: list[str]) -> list[str] | None:
    joined = _RECORD_END.join(lines)
    if ', "' in joined:
        return None
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error:
        return None
    # A cell that is not closed goes on in the next line, so that there are fewer rows.
    if len(rows) != len(lines):
        return None
    text = masked(_RECORD_END.join(map(_CELL_END.join, rows)))
    return text.replace(_CELL_END, ",").split(_RECORD_END)


def masked(text: str) -> str:
    """Put the two characters into a text."""
    return text.replace(",", _COMMA).replace('"', _QUOTE)


def unmasked(cells: Sequence[str]) -> Sequence[str]:
    """Write commas and quotes of cells as JSON has them."""
    joined = _CELL_END.join(cells)
    if _COMMA not in joined and _QUOTE not in joined:
        return cells
    return joined.replace(_COMMA, ",").replace(_QUOTE, '\\"').split(_CELL_END)
