"""Files and tables → views of Spark, whose columns are `c0`, `c1` and so on.

Beside them a view has the file that a row is of (`f`) and where in it Spark began to read (`b`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.relation import Kind
from capture_forwarder.monitor.engines.spark.errors import DAMAGED

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructField

_OPTIONS = {
    # Names of files are no patterns, and their folders no columns.
    "__globPaths__": "false",
    "recursiveFileLookup": "true",
}
_CSV = {
    "escape": '"',
    "multiLine": "true",
    "columnPruning": "false",  # else a row with too many values is not noticed
    "maxColumns": "100000",
}
# Spark reads an unsigned integer of 64 bits as a decimal of 20 digits.
_WHOLE = frozenset({"tinyint", "smallint", "int", "bigint", "decimal(20,0)"})
_NUMBERS = ("float", "double", "decimal")
_TIME = "timestamp"


def csv(
    session: SparkSession, files: Sequence[str], names: Sequence[str], *, header: bool
) -> DataFrame:
    """Read CSV files, all of whose values are text."""
    return _of_lines(session, "csv", {**_CSV, "header": str(header).lower()}, files, names)


def json_lines(session: SparkSession, files: Sequence[str], names: Sequence[str]) -> DataFrame:
    """Read JSON Lines, with every value as its text."""
    return _of_lines(session, "json", {}, files, names)


def parquet(session: SparkSession, files: Sequence[str]) -> DataFrame:
    """Read Parquet files, with the types that they have."""
    options = {**_OPTIONS, "mergeSchema": "true"}
    return session.read.options(**options).parquet(*located(files))


def kind_of(kind: DataType) -> Kind:
    """How the values of a type are there."""
    name = kind.simpleString()
    if name in _WHOLE:
        return Kind.WHOLE
    return Kind.NUMBER if name.startswith(_NUMBERS) else Kind.TEXT


def typed(data: DataFrame, *, has_files: bool) -> DataFrame:
    """Give the columns of a table or of Parquet files the names of a view."""
    from pyspark.sql import functions as sql  # noqa: PLC0415 - an extra

    columns = [_as_kind(field).alias(f"c{index}") for index, field in enumerate(data.schema.fields)]
    place = _place() if has_files else (sql.lit("").alias("f"), sql.lit(0).alias("b"))
    return data.select(*columns, *place)


def located(files: Sequence[str]) -> list[str]:
    """The files' names as Spark takes them.

    Raises
    ------
    UsageError
        Spark passes over such a file, as over one that is not finished.
    """
    for file in files:
        name = file.rpartition("/")[2]
        if name.startswith(("_", ".")):
            problem = f"Spark passes over files whose names begin with _ or a dot: {file}"
            raise UsageError(f"{problem}.", "Give it another name.")
    return [file if "://" in file else f"file://{Path(file).absolute()}" for file in files]


def in_order(data: DataFrame, files: Sequence[str]) -> list[str]:
    """The files as `f` has them, in the order that was given."""
    order = {_plain(file): position for position, file in enumerate(files)}
    known = [uri.replace("file:///", "/") for uri in data.inputFiles()]
    return sorted(known, key=lambda uri: order.get(unquote(uri), len(order)))


def _plain(file: str) -> str:
    return file if "://" in file else str(Path(file).absolute())


def _of_lines(
    session: SparkSession,
    form: str,
    options: dict[str, str],
    files: Sequence[str],
    names: Sequence[str],
) -> DataFrame:
    from pyspark.sql import functions as sql  # noqa: PLC0415 - an extra
    from pyspark.sql.types import StringType, StructField, StructType  # noqa: PLC0415

    damaged = "damaged"
    while damaged in names:
        damaged += "_"
    fields = [StructField(name, StringType()) for name in (*names, damaged)]
    reader = session.read.format(form).schema(StructType(fields))
    reader = reader.options(**_OPTIONS, **options, columnNameOfCorruptRecord=damaged)
    data = reader.load(located(files))
    columns = [
        sql.nullif(_column(name), sql.lit("")) if form == "csv" else _column(name) for name in names
    ]
    numbered = [column.alias(f"c{index}") for index, column in enumerate(columns)]
    place = _place()
    rows = data.select(*numbered, _column(damaged).alias("damaged"), *place)
    # Spark refuses to look at what is damaged alone; the first column is always looked at, too.
    is_whole = sql.expr(
        f"IF(damaged IS NULL, c0 IS NULL OR c0 = c0, RAISE_ERROR(CONCAT('{DAMAGED} ', f)))"
    )
    return rows.where(is_whole).drop("damaged")


def _place() -> tuple[Column, Column]:
    from pyspark.sql import functions as sql  # noqa: PLC0415 - an extra

    file = sql.regexp_replace(sql.col("_metadata.file_path"), "^file:/+", "/")
    return file.alias("f"), sql.col("_metadata.file_block_start").alias("b")


def _column(name: str) -> Column:
    from pyspark.sql import functions as sql  # noqa: PLC0415 - an extra

    return sql.col("`" + name.replace("`", "``") + "`")


def _as_kind(field: StructField) -> Column:
    from pyspark.sql import functions as sql  # noqa: PLC0415 - an extra

    column, kind = _column(field.name), kind_of(field.dataType)
    if kind is Kind.NUMBER:
        return column.cast("double")
    if kind is Kind.TEXT:
        text = column.cast("string")
        is_time = field.dataType.typeName() == _TIME
        return sql.concat(text, sql.lit("+00")) if is_time else text
    return column
