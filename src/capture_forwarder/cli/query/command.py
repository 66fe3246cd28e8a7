"""`capture-forwarder query`: ask the DuckDB file for rows, and change nothing in it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.cells import cell_len

from capture_forwarder.cli.terminal.console import (
    OUT,
    plain,
    say,
    say_json,
    user_errors,
    width_of,
)
from capture_forwarder.cli.terminal.tables import add, new_table, rows_table
from capture_forwarder.publishers.duckdb.database import Answer, DuckDbFile
from capture_forwarder.settings.publishers import DuckDbSettings

_DATABASE = str(DuckDbSettings.model_fields["path"].default)
_ROWS_ACROSS = 3
_NARROW = 14  # signs: a name or a time, broken once

HELP = """Ask the DuckDB file that `forward` has written for rows. Nothing in it can change.

A name with other signs than letters, digits and `_` stands in double quotes. Times without a zone
are in UTC where `forward` has written them.

Examples:

- `capture-forwarder query 'SHOW TABLES'`

- `capture-forwarder query 'FROM "my-endpoint" LIMIT 10'`

- `capture-forwarder query 'SELECT capture_hour, count(*) FROM "my-endpoint" GROUP BY ALL' --json`

Exit code: 0; 1 when the file cannot be read; 2 for wrong usage or a statement that DuckDB does not
take; 130 when interrupted.
"""


def query(
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="What to ask, in DuckDB's SQL.", show_default=False)
    ],
    *,
    database: Annotated[
        str, typer.Option("--database", metavar="PATH", help="The DuckDB file.")
    ] = _DATABASE,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The most rows of the table.")
    ] = 100,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per row, all of them.")
    ] = False,
) -> None:
    """Ask the DuckDB file for rows."""
    with user_errors(), DuckDbFile(Path(database)).asked(sql) as answer:
        if as_json:
            for row in _objects(answer):
                say_json(row)
        else:
            _show(answer, limit)


def query_command(database: str, table: str) -> str:
    """The command to type that shows the first rows of a table."""
    name = table if table.isidentifier() else f'"{table}"'
    option = [] if database == _DATABASE else ["--database", database]
    return shlex.join(["capture-forwarder", "query", f"FROM {name} LIMIT 10", *option])


def _objects(answer: Answer) -> Iterator[dict[str, object]]:
    for row in answer.rows:
        yield {name: _json(value) for name, value in zip(answer.names, row, strict=True)}


def _show(answer: Answer, limit: int) -> None:
    rows = list(islice(answer.rows, limit + 1))
    shown, more = rows[:limit], len(rows) > limit
    if not answer.names:
        say("It gives no rows.")
        return
    texts = [[_text(value) for value in row] for row in shown]
    table = new_table("", *answer.names, numbers=_numbers(answer))
    for row in texts:
        add(table, *row)
    if width_of(table) > OUT.width and (
        len(shown) <= _ROWS_ACROSS or _least_width(answer.names, texts) > OUT.width
    ):
        _show_downwards(answer, shown)
    else:
        OUT.print(table)
    if more:
        say(f"There are more rows: --limit N shows more than {limit}, --json all.", style="dim")


def _show_downwards(answer: Answer, rows: Sequence[tuple[object, ...]]) -> None:
    """Show a few rows at once, as many as there is room for, whose columns go down."""
    types = dict(zip(answer.names, answer.types, strict=True))
    named = [dict(zip(answer.names, row, strict=True)) for row in rows]
    start = 0
    while start < len(named):
        for across in range(_ROWS_ACROSS, 0, -1):
            table = rows_table("", named[start : start + across], types, first=start + 1)
            if width_of(table) <= OUT.width:
                break
        OUT.print(table)
        start += across


def _least_width(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How wide a table is whose long values are broken, but not into snippets."""
    columns = zip(names, *rows, strict=True)
    return sum(2 + min(_NARROW, max(map(cell_len, column))) for column in columns)


def _numbers(answer: Answer) -> Sequence[str]:
    signs = ("INT", "DOUBLE", "FLOAT", "DECIMAL")
    typed = zip(answer.names, answer.types, strict=True)
    return [name for name, kind in typed if any(one in kind for one in signs) and "[" not in kind]


def _text(value: object) -> str:
    if value is None:
        return "null"
    return plain(str(value))


def _json(value: object) -> object:
    """A value as JSON has it: what it has no type for as text, and NaN as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return msgspec.to_builtins(value, enc_hook=str)
