"""What a user names as data → its rows: local files as they are, those in S3 fetched first."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.data.captures import captures_relation
from capture_forwarder.monitor.data.files import Window, endpoint_and_hour, find_files
from capture_forwarder.monitor.data.opening import DataChoice, open_data
from capture_forwarder.monitor.data.relation import Relation
from capture_forwarder.monitor.engines.duckdb.engine import DuckDBEngine, open_duckdb
from capture_forwarder.monitor.engines.port import Engine, EngineName
from capture_forwarder.parser import ColumnMapping, read_lines
from capture_forwarder.wiring.capture_files import (
    files_in_s3,
    find_capture_files,
    store_in_s3,
)
from capture_forwarder.wiring.monitor_on_spark import opened_on_spark

_S3 = "s3://"
_CAPTURES = (".jsonl", ".jsonl.gz", ".gz")
_LOOKED_AT = 64 * 1024 * 1024

Given = Callable[[], ColumnMapping]
"""Gives the mapping of captured values to columns; asked only where capture files are read."""


@contextmanager
def opened_data(
    address: str,
    choice: DataChoice,
    mapping: Given,
    engine_name: EngineName = EngineName.DUCKDB,
) -> Iterator[tuple[Engine, Relation]]:
    """Open data for as long as it is looked at.

    Parameters
    ----------
    address
        A path or an S3 address.
    choice
        Which rows of it; its path is not looked at.
    mapping
        For capture files.
    engine_name
        What runs the statements.

    Raises
    ------
    UsageError, DataError, CaptureFileError
        The data is not there, or cannot be read.
    """
    if engine_name is EngineName.SPARK:
        with opened_on_spark(address, choice) as found:
            yield found
        return
    with open_duckdb() as engine:
        if address.startswith(_S3):
            path = fetched(address, engine.folder / "s3", choice.window, choice.endpoint)
        else:
            path = Path(address)
        there = msgspec.structs.replace(choice, path=path)
        if captures := _captures(there):
            yield engine, _of_captures(engine, there, captures, mapping())
        else:
            yield engine, open_data(engine, there)


def _of_captures(
    engine: DuckDBEngine, choice: DataChoice, files: tuple[Path, ...], mapping: ColumnMapping
) -> Relation:
    found, store = find_capture_files([str(file) for file in files])
    relation = captures_relation(engine, found, store, mapping, engine.folder)
    return relation.features(choice.exclude)


def _captures(choice: DataChoice) -> tuple[Path, ...]:
    """The capture files of the window; none where the data is something else."""
    found = find_files(choice.path, _CAPTURES, Window(), None)
    paths = [Path(file.name) for file in found.files]
    first = next((path for path in paths if path.stat().st_size), None)
    if first is None or not _is_capture(first):
        return ()
    chosen = find_files(choice.path, _CAPTURES, choice.window, choice.endpoint)
    if choice.window.is_limited and not chosen.by_folder:
        problem = f"{choice.path} is a capture file in no folder of an hour"
        raise UsageError(f"{problem}, so --since and --until choose nothing.")
    return tuple(Path(file.name) for file in chosen.files)


def _is_capture(file: Path) -> bool:
    if not file.name.endswith(_CAPTURES):
        return False
    with file.open("rb") as stream:
        for line in read_lines(stream, _LOOKED_AT):
            if line.data.strip():
                return _has_call(line.data)
    return False


class _Call(msgspec.Struct):
    captureData: msgspec.Raw  # noqa: N815 - as SageMaker writes it


def _has_call(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=_Call)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def fetched(address: str, folder: Path, window: Window, endpoint: str | None) -> Path:
    """Copy the files of a window from S3, in folders of the same names.

    Parameters
    ----------
    address
        Where they are.
    folder
        Where they are copied to; it is made.
    window, endpoint
        Files in folders of other hours and endpoints are left out.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError, CaptureFileError
        The address has no bucket, or S3 cannot be listed or read.
    """
    folder.mkdir(parents=True)
    store = store_in_s3()
    for file in files_in_s3(address):
        key = file.capture_file.key
        there = endpoint_and_hour(key)
        if there and not (window.has_hour(there[1]) and endpoint in {None, there[0]}):
            continue
        # A key may hold `..`, or nothing between two slashes.
        parts = [part for part in key.split("/") if part.strip(".")]
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with store.open(file.capture_file) as opened, path.open("wb") as copy:
            shutil.copyfileobj(opened.stream, copy, 1024 * 1024)
    return folder
