"""What DuckDB's own errors mean for whoever runs the forwarder.

DuckDB's texts may quote values of rows. Its own words are told where they cannot: of files, tables
and columns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import (
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)

if TYPE_CHECKING:
    import duckdb

_LOCKED = "set lock on file"
_NO_DATABASE = "not a valid DuckDB database file"
_NEVER_QUOTE_ROWS = (
    "BinderException",
    "CatalogException",
    "DependencyException",
    "IOException",
    "OutOfMemoryException",
    "PermissionException",
)
_OF_THE_TABLE = re.compile(r"(CHECK|NOT NULL) constraint failed")  # others quote the key
_LONGEST_WORDS = 300


def explained(error: duckdb.Error, task: str, path: str, table: str) -> PublishError:
    """Put an error of DuckDB into plain words.

    Parameters
    ----------
    error
        What DuckDB raised.
    task
        What was to be done, as in "DuckDB cannot write to".
    path
        The database file.
    table
        The table.

    Returns
    -------
    PublishError
        What happened, where, and what to change. It is a `PlatformUnavailableError` if the same
        may succeed later, else a `PublisherMisconfiguredError`.
    """
    import duckdb  # noqa: PLC0415 - it has raised an error, so it is there

    kind = f"{type(error).__name__}{words_of(error)}"
    if isinstance(error, duckdb.OperationalError):
        reason, advice = _unusable_file(error, str(error))
        return PlatformUnavailableError(f"{task} {path}: {reason} ({kind}).", advice)
    place = f"the table {table!r} of {path}"
    if isinstance(error, duckdb.IntegrityError | duckdb.DataError):
        message = f"{task} {place}: a constraint or type of the table forbids a value ({kind})."
        advice = "Remove the constraint that was added to the table, or rename the table."
        return PublisherMisconfiguredError(message, advice)
    if isinstance(error, duckdb.ProgrammingError | duckdb.DependencyException):
        message = f"{task} {place}: DuckDB refuses the statement ({kind})."
        advice = (
            "Look whether a view, an index, a generated column or a table whose name differs only "
            "in case stands in the way; remove or rename it, or give the route another name."
        )
        return PublisherMisconfiguredError(message, advice)
    message = f"{task} {place}: DuckDB itself failed ({kind})."
    advice = "Try again; if it fails again, move the file away, or use another version of DuckDB."
    return PlatformUnavailableError(message, advice)


def words_of(error: duckdb.Error) -> str:
    """DuckDB's own words behind a colon, without its kind; none where they may quote a row."""
    _, _, words = str(error).partition("\n")[0].partition(": ")
    is_safe = type(error).__name__ in _NEVER_QUOTE_ROWS or _OF_THE_TABLE.match(words)
    return f": {words[:_LONGEST_WORDS]}" if words and is_safe else ""


def _unusable_file(error: duckdb.OperationalError, text: str) -> tuple[str, str]:
    """The reason and the advice. DuckDB has no kinds of its own for these, hence its texts."""
    import duckdb  # noqa: PLC0415

    if _LOCKED in text:
        return "another program has it open", "Close other programs that have the file open."
    if _NO_DATABASE in text:
        return "it is not a DuckDB file", "Give the path of a DuckDB file, or of a new one."
    if isinstance(error, duckdb.OutOfMemoryException):
        return "the memory is not enough", "Give the program more memory."
    return (
        "the file cannot be opened, read or written",
        "Look whether its folder exists, the file may be written, and the disk has room.",
    )
