"""Parquet files, read by DuckDB."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.inference import Row

_ROWS_AT_ONCE = 1000


class ParquetTables:
    """Reads Parquet; see `TableReader`. It needs DuckDB, which is imported when it reads."""

    def rows(self, stream: BinaryIO) -> Iterator[Row]:
        """Yield the rows of a file, which is copied to the disk first: its end says what it holds.

        Raises
        ------
        CaptureFileError
            It is no whole Parquet file.
        """
        import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold

        with NamedTemporaryFile(suffix=".parquet") as copy, duckdb.connect() as connection:
            shutil.copyfileobj(stream, copy)
            copy.flush()
            try:
                cursor = connection.execute("FROM read_parquet(?)", [copy.name])
                names = [column[0] for column in cursor.description or ()]
                while found := cursor.fetchmany(_ROWS_AT_ONCE):
                    for values in found:
                        yield dict(zip(names, map(_plain, values), strict=True))
            except duckdb.Error as error:
                message = f"The Parquet file cannot be read ({type(error).__name__})."
                advice = "Look at how it was written; it may have been cut."
                raise CaptureFileError(message, advice, permanent=True) from error


def _plain(value: object) -> object:
    """A value as JSON can hold it; times are in ISO 8601, as UTC where they have no zone."""
    found: object = value if value is None or isinstance(value, bool | int | str) else str(value)
    if isinstance(value, float):
        found = value if math.isfinite(value) else None
    elif isinstance(value, datetime):
        found = (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    elif isinstance(value, Decimal):
        found = int(value) if value == value.to_integral_value() else float(value)
    elif isinstance(value, list | tuple):
        found = [_plain(item) for item in value]
    return found
