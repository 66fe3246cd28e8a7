"""Tables that more than one command shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.report import FileReport
from capture_forwarder.local.listing import BUCKET as LOCAL

_CAPTURE_NAME = re.compile(r"\d\d-\d\d-\d{3}(?=-[0-9a-f-]{36}\.)")  # mm-ss-SSS
_LONGEST_VALUE = 32
_COLUMNS_AT_ONCE = 24
_FIRST = 14
_LAST = 8


def new_table(
    title: str, *columns: str, numbers: Sequence[str] = (), unbroken: Sequence[str] = ()
) -> Table:
    """Make a table.

    Parameters
    ----------
    title
        What stands above it.
    columns
        The columns' titles.
    numbers
        Those that hold numbers.
    unbroken
        Those whose values stay on one line.
    """
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    table.collapse_padding = True
    table.min_width = cell_len(title)  # else the title of a narrow table is broken into lines
    for column in columns:
        if column in numbers:
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold", no_wrap=column in unbroken)
    return table


def add(table: Table, *cells: object, style: str | None = None) -> None:
    """Add a row of values as they are, whatever brackets they hold."""
    texts = [cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells]
    table.add_row(*texts, style=style)


def short_name(key: str) -> str:
    """A file's name without the identifier that SageMaker puts behind its time."""
    name = key.rpartition("/")[2]
    found = _CAPTURE_NAME.match(name)
    return found[0] if found else name


def address_of(capture_file: CaptureFile) -> str:
    """Where a capture file is: its address in S3, or its path."""
    return f"/{capture_file.key}" if capture_file.bucket == LOCAL else str(capture_file)


def long_name(capture_file: CaptureFile, name: str) -> str:
    """What tells a capture file from others; another file's name as it stands."""
    if capture_file.endpoint is None:
        return name
    parts = capture_file.key.split("/")[-7:-1]
    return "/".join((*parts, short_name(capture_file.key)))


COUNTS = ("lines", "forwarded", "empty", "quarantined", "inferences")
"""The numbers of the accounting, as columns."""


def counts_of(report: FileReport) -> list[int]:
    """The numbers of the accounting, in the order of `COUNTS`."""
    quarantined = report.quarantined_lines
    return [report.lines, report.forwarded, report.empty, quarantined, report.inferences]


REFUSED = "refused"
"""How many inferences the platform refused: a column where it did."""


def rows_table(
    title: str,
    rows: Sequence[Mapping[str, object]],
    types: Mapping[str, str] | None = None,
    *,
    first: int = 1,
) -> Table:
    """Show rows of a wide table: its columns go down, its rows go across.

    Parameters
    ----------
    title
        What stands above it.
    rows
        The rows, all with the same columns.
    types
        Column → type, where known.
    first
        The number of the first row.
    """
    numbered = (f"row {number}" for number in range(first, first + len(rows)))
    heads = ["column", *(["type"] if types else []), *numbered]
    table = new_table(title, *heads)
    names = list(rows[0]) if rows else []
    left_out = len(names) - _FIRST - _LAST if len(names) > _COLUMNS_AT_ONCE else 0
    for position, name in enumerate(names):
        if left_out and _FIRST <= position < _FIRST + left_out:
            if position == _FIRST:
                add(table, f"... {left_out} more columns", style="dim")
            continue
        typed = [types.get(name, "")] if types else []
        add(table, name, *typed, *(_shown(row[name]) for row in rows))
    return table


def _shown(value: object) -> Text:
    if value is None:
        return Text("null", style="dim")
    is_text = isinstance(value, str)
    plain = str(value) if is_text else msgspec.json.encode(value, enc_hook=str).decode()
    text = " ".join((plain if is_text else plain.strip('"')).split())
    return Text(text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}...")
