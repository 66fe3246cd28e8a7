"""What a user names as data → its rows on Spark, which reads S3 by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.found_file import FoundFile
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.monitor.data.files import DataFile, choose_files
from capture_forwarder.monitor.data.opening import (
    SUFFIXES,
    DataChoice,
    format_in,
    open_data,
    open_files,
    open_table,
)
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.port import Engine
from capture_forwarder.monitor.engines.spark.session import open_spark
from capture_forwarder.wiring.capture_files import files_in_s3, store_in_s3

_S3 = "s3://"
_TABLE = "table:"
_CALL = frozenset({"captureData", "eventMetadata"})


@contextmanager
def opened_on_spark(address: str, choice: DataChoice) -> Iterator[tuple[Engine, Relation]]:
    """Open data for as long as it is looked at.

    Parameters
    ----------
    address
        A path, an S3 address, or `table:` and the name of a table in Spark's catalog.
    choice
        Which rows of it; its path is not looked at.

    Raises
    ------
    MissingExtraError, UsageError, DataError, CaptureFileError
        Spark is not installed, or the data is not there or cannot be read.
    """
    with open_spark() as engine:
        yield engine, relation_on_spark(engine, address, choice)


def relation_on_spark(engine: Engine, address: str, choice: DataChoice) -> Relation:
    """Find the rows; see `opened_on_spark`."""
    relation = _opened(engine, address, choice)
    if {column.name for column in relation.columns} >= _CALL:
        raise UsageError(
            f"{address} holds capture files, which Spark does not map onto columns.",
            "Leave --engine spark out, or check the rows that a route of the publisher files has "
            "written.",
        )
    return relation


def _opened(engine: Engine, address: str, choice: DataChoice) -> Relation:
    if address.startswith(_TABLE):
        path = Path(address.removeprefix(_TABLE))
        return open_table(engine, msgspec.structs.replace(choice, path=path))
    if not address.startswith(_S3):
        return open_data(engine, msgspec.structs.replace(choice, path=Path(address)))
    store = store_in_s3()
    files = {file.capture_file.key: file for file in files_in_s3(address)}
    form = format_in(address, sorted(files))
    wanted = {
        key: _data_file(files[key], store)
        for key in sorted(files, key=lambda key: key.split("/"))
        if key.endswith(SUFFIXES[form])
    }
    found = choose_files(address, wanted, choice.window, choice.endpoint)
    return open_files(engine, form, found, msgspec.structs.replace(choice, path=Path(address)))


def _data_file(file: FoundFile, store: ObjectStore) -> DataFile:
    """A file by the address that Spark reads it from; its first lines are read here."""
    where = file.capture_file
    return DataFile(f"s3a://{where.bucket}/{where.key}", partial(_stream, file, store))


@contextmanager
def _stream(file: FoundFile, store: ObjectStore) -> Iterator[BinaryIO]:
    with store.open(file.capture_file) as opened:
        yield opened.stream
