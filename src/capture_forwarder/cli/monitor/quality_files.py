"""The files of `monitor quality`: what it reads, and the folder that it writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.whole_file import UNFINISHED
from capture_forwarder.monitor.data.opening import format_of
from capture_forwarder.monitor.executions.execution import Execution
from capture_forwarder.monitor.executions.execution import write_execution as encode_execution
from capture_forwarder.monitor.executions.folder import (
    CONSTRAINTS,
    EXECUTION,
    STATISTICS,
    VIOLATIONS,
    Kept,
    write_files,
)
from capture_forwarder.monitor.quality import Checked, Source


@dataclass(frozen=True)
class Baseline:
    """What a window is compared with.

    Parameters
    ----------
    place
        Where it is.
    constraints
        `constraints.json`.
    statistics
        `statistics.json`, if it is there.
    """

    place: Path
    constraints: object
    statistics: object | None


def find_source(addresses: Sequence[str], table: str | None, *, header: bool) -> Source:
    """Find the files of a source; those of a folder in the order of their paths.

    Raises
    ------
    UsageError
        Something is not there, or is not on this machine.
    """
    name = " ".join(addresses)
    paths = [path for address in addresses for path in _files(address)]
    if not paths:
        message = f"{name} holds no file whose name tells a format."
        raise UsageError(message, "Known are .csv, .json, .jsonl, .parquet and .duckdb.")
    return Source(name, tuple(paths), table, header)


def _files(address: str) -> Iterable[Path]:
    if "://" in address:
        message = f"{address} is not on this machine."
        raise UsageError(message, f"Copy it first: aws s3 cp --recursive {address} data")
    path = Path(address)
    if path.is_dir():
        return sorted(
            file
            for file in path.rglob("*")
            if file.is_file()
            and not file.name.startswith(".")
            and not file.name.endswith(UNFINISHED)
            and format_of(file.name)
        )
    if not path.exists():
        raise UsageError(f"{address} does not exist.", "Check the path.")
    return [path]


def read_baseline(place: Path) -> Baseline:
    """Read a baseline from its folder or from its `constraints.json`.

    Raises
    ------
    UsageError
        There is none.
    """
    path = place / CONSTRAINTS if place.is_dir() else place
    statistics = path.with_name(STATISTICS)
    return Baseline(place, _read(path), _read(statistics) if statistics.is_file() else None)


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise UsageError(message, "Give the folder that a baseline was written to.") from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON.", "Make the baseline again.") from error


def check_is_free(folder: Path) -> None:
    """Look whether a folder holds no baseline yet.

    Raises
    ------
    UsageError
        It does.
    """
    if (folder / CONSTRAINTS).exists():
        message = f"{folder} holds a baseline already."
        raise UsageError(message, "Give another folder with --to, or add --replace.")


def write_baseline(
    folder: Path, statistics: Mapping[str, Any], constraints: Mapping[str, Any]
) -> None:
    """Write the files of a baseline.

    Raises
    ------
    DataError
        They cannot be written.
    """
    write_files(folder, {STATISTICS: _json(statistics), CONSTRAINTS: _json(constraints)})


def write_execution(
    folder: Path,
    run: Execution,
    statistics: Mapping[str, Any],
    baseline: Baseline,
    checked: Checked,
) -> Kept:
    """Write the files of an execution.

    `execution.json` is written last: where it is, the others are whole.

    Parameters
    ----------
    folder
        The execution's own.
    run
        What the execution is of, and how it ended.
    statistics, checked
        What was found.
    baseline
        What it was held against.

    Raises
    ------
    DataError
        They cannot be written.
    """
    documents: dict[str, object] = {
        STATISTICS: statistics,
        CONSTRAINTS: baseline.constraints,
        VIOLATIONS: {"violations": checked.violations},
        run.baseline.constraints: baseline.constraints,
    }
    if run.baseline.statistics is not None:
        documents[run.baseline.statistics] = baseline.statistics
    files = {name: _json(document) for name, document in documents.items()}
    write_files(folder, {**files, EXECUTION: encode_execution(run)})
    return Kept(folder, run)


def _json(document: object) -> bytes:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()
