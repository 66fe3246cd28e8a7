"""Rows as Parquet, written by DuckDB or else by pyarrow, which the function's package lacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from capture_forwarder.core.errors import (
    MissingExtraError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
)
from capture_forwarder.core.extras import Extra, is_installed
from capture_forwarder.core.inference import Row
from capture_forwarder.core.letter_case import alike
from capture_forwarder.core.schema import DataType
from capture_forwarder.publishers.column_types import (
    BOOL,
    FLOAT,
    INT,
    JSON,
    NULLS,
    NUMBERS,
    TEXT,
    TIME,
    column_types,
    stored,
    widened,
)

Types = Mapping[str, str]
Writer = Callable[[Sequence[Row], Types], bytes]
"""Rows of values that their columns' types hold, and those types → a Parquet file."""

_DECLARED = {
    DataType.FLOAT: FLOAT,
    DataType.INT: INT,
    DataType.BOOL: BOOL,
    DataType.STR: TEXT,
    DataType.CATEGORY: TEXT,
    DataType.TIMESTAMP: TIME,
    DataType.VECTOR: NUMBERS,
}


class Parquet:
    """Parquet, with typed columns.

    A column has the type that the mapping gives it, or a wider one where its values do not fit;
    without a type in the mapping, the narrowest that holds its values in this file, and a column
    without any value is left out. Lists of numbers stay lists; other lists are text, their JSON.
    NaN and infinities are null, times are in UTC.

    Parameters
    ----------
    types
        The types that the mapping gives.
    key, time
        The columns with the inference's id and the time of the call.
    write
        Writes the file; by default DuckDB where it is installed, else pyarrow.

    Raises
    ------
    MissingExtraError
        Neither is installed.
    """

    suffix = ".parquet"
    of_json = None

    def __init__(
        self, types: Mapping[str, DataType], key: str, time: str, write: Writer | None = None
    ) -> None:
        declared = {name: _DECLARED[kind] for name, kind in types.items()}
        self._declared = {**declared, key: TEXT, time: TIME}
        self._times = {name for name, kind in self._declared.items() if kind == TIME}
        self._write = write or installed_writer()

    def refusal(self, row: Row) -> str | None:
        """Nothing; see `FileFormat.refusal`."""
        del row
        return None

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Write rows; see `FileFormat.encode`.

        Raises
        ------
        PublisherMisconfiguredError
            A column's name is empty, or two differ only in case.
        PlatformUnavailableError
            DuckDB cannot write a temporary file.
        """
        found = column_types(rows, self._times)
        _check_names(found)
        types = {
            name: widened(self._declared.get(name, NULLS), TEXT if kind == JSON else kind)
            for name, kind in found.items()
        }
        typed = {name: kind for name, kind in types.items() if kind != NULLS}
        ready = [
            {
                name: _written(value, typed[name])
                for name, value in row.items()
                if _finite(value) is not None
            }
            for row in rows
        ]
        return self._write(ready, typed)


def installed_writer() -> Writer:
    """Choose what writes Parquet.

    Raises
    ------
    MissingExtraError
        Neither DuckDB nor pyarrow is installed.
    """
    if is_installed("duckdb"):
        return write_with_duckdb
    if is_installed("pyarrow"):
        return write_with_pyarrow
    purpose = (
        "Writing Parquet files, which the Lambda function cannot do (it writes json-lines and "
        "json-array),"
    )
    raise MissingExtraError(purpose, "duckdb", Extra.DUCKDB)


def write_with_duckdb(rows: Sequence[Row], types: Types) -> bytes:
    """Write a Parquet file by way of a temporary one, since DuckDB only writes to a disk.

    Raises
    ------
    PlatformUnavailableError
        It cannot be written.
    """
    import duckdb  # noqa: PLC0415 - an extra that the Lambda package does not hold

    # A time in the file is one in UTC, and not one of anywhere.
    zoned = {name: "TIMESTAMPTZ" if kind == TIME else kind for name, kind in types.items()}
    columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in zoned.items())
    listed = ", ".join(map(_quoted, types))
    try:
        with (
            TemporaryDirectory(prefix="capture-forwarder-") as folder,
            # One thread writes rows in their order, and the same rows as the same bytes.
            duckdb.connect(config={"threads": 1, "temp_directory": folder}) as connection,
        ):
            path = Path(folder) / "rows.parquet"
            connection.execute(f"CREATE TABLE rows ({columns})")
            connection.execute(
                f"INSERT INTO rows SELECT {listed} "  # noqa: S608 - quoted
                "FROM (SELECT unnest(from_json(?::JSON, ?), recursive := true))",
                [
                    msgspec.json.encode(rows).decode(),
                    msgspec.json.encode([zoned]).decode(),
                ],
            )
            connection.execute(f"COPY rows TO {_text(str(path))} (FORMAT parquet)")
            return path.read_bytes()
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
        message = f"DuckDB cannot write rows as Parquet: {type(error).__name__}."
        raise PlatformUnavailableError(message, "Check the disk of TMPDIR.") from error


def write_with_pyarrow(rows: Sequence[Row], types: Types) -> bytes:
    """Write a Parquet file in memory."""
    import pyarrow as pa  # noqa: PLC0415 - not in the Lambda package
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {
        BOOL: pa.bool_(),
        INT: pa.int64(),
        FLOAT: pa.float64(),
        NUMBERS: pa.list_(pa.float64()),
        TIME: pa.timestamp("us", tz="UTC"),
        TEXT: pa.string(),
    }
    arrays = [
        pa.array([_python(row.get(name), kind) for row in rows], kinds[kind])
        for name, kind in types.items()
    ]
    written = BytesIO()
    pq.write_table(pa.table(arrays, names=list(types)), written)
    return written.getvalue()


def _written(value: object, kind: str) -> object:
    """A value as JSON that its column's type holds."""
    held = stored(value, kind)
    return f"{held}+00:00" if kind == TIME else held


def _python(value: object, kind: str) -> object:
    """A written value as pyarrow takes it."""
    if kind == TIME and isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return _finite(value)


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check_names(names: Mapping[str, str]) -> None:
    if "" in names:
        message = "A column has an empty name, which Parquet's readers do not allow."
        raise PublisherMisconfiguredError(message, "Name the column in the route's mapping.")
    for first, second in alike(names):
        message = f"To Athena and DuckDB, the columns {first!r} and {second!r} are one."
        raise PublisherMisconfiguredError(message, "Give one of them another name.")


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
