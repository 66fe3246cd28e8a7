"""What DuckDB's errors mean for whoever gave it predictions and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from capture_forwarder.monitor.errors import DataError

# DuckDB's texts may quote a line of the data, so that only where it stands is told.
_JSON_PLACE = re.compile(r'in file "(?P<file>[^"]+)", at byte \d+ in line (?P<line>\d+)')
_CSV_LINE = re.compile(r"CSV Error on Line: (?P<line>\d+)")
_UNLIKE = "Error when sniffing file"
_LOCKED = "set lock on file"


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Say in plain words what DuckDB could not read.

    Parameters
    ----------
    name
        What is read, as its user named it.

    Raises
    ------
    DataError
        DuckDB failed. The message has no value of the data.
    """
    import duckdb  # noqa: PLC0415 - an extra; it is there where this is called

    try:
        yield
    except duckdb.Error as error:
        text, kind = str(error), type(error).__name__
        if found := _JSON_PLACE.search(text):
            message = f"{found['file']}: line {found['line']} is not JSON."
            raise DataError(message, "Correct or remove the line, and try again.") from error
        if found := _CSV_LINE.search(text):
            message = f"{name}: line {found['line']} is not CSV like the lines before it."
            advice = "Correct or remove the line; without a header row, give --no-header."
            raise DataError(message, advice) from error
        if _UNLIKE in text:
            message = f"{name} is not CSV whose lines all have the same columns, with commas."
            raise DataError(message, "Look at the file's first lines.") from error
        if _LOCKED in text:
            message = f"{name}: another program has the database open."
            raise DataError(message, "Close it, and try again.") from error
        advice = "Look whether the file is whole, may be read, and is what its name says."
        raise DataError(f"{name} cannot be read ({kind}).", advice) from error
