"""Executions on disk: `{endpoint}/{schedule}/yyyy/mm/dd/hh/`, as Model Monitor writes reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.executions.execution import Execution, read_execution

EXECUTION = "execution.json"
STATISTICS = "statistics.json"
CONSTRAINTS = "constraints.json"
VIOLATIONS = "constraint_violations.json"
DRIFT = "drift.json"

NO_ENDPOINT = "none"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


class Kept(msgspec.Struct, frozen=True):
    """An execution, and the folder that it is in."""

    folder: Path
    execution: Execution


def folder_of(root: Path, endpoint: str | None, schedule: str, hour: datetime) -> Path:
    """The folder of an execution; parts of it hold letters, digits, `-`, `_` and `.` only."""
    names = [safe_name(endpoint or NO_ENDPOINT), safe_name(schedule)]
    return root.joinpath(*names, f"{hour:%Y}", f"{hour:%m}", f"{hour:%d}", f"{hour:%H}")


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, each whole or not at all, in order.

    Parameters
    ----------
    folder
        Made where it is not there.
    files
        Name, which may have a folder in front, → bytes.

    Raises
    ------
    DataError
        The folder cannot be written to.
    """
    try:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.unfinished")
            unfinished.write_bytes(data)
            unfinished.replace(path)
    except OSError as error:
        message = f"{folder} cannot be written to: {error.strerror}."
        raise DataError(message, "Name another folder: --to FOLDER") from error


def read_file(path: Path) -> bytes:
    """Read a file.

    Raises
    ------
    UsageError
        It is not there, or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def list_executions(root: Path) -> list[Kept]:
    """Find all executions below a folder, the newest first.

    Raises
    ------
    UsageError
        There is no such folder.
    MonitorFileError
        An `execution.json` cannot be used.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such folder.")
    found = [
        Kept(path.parent, read_execution(read_file(path), str(path)))
        for path in root.rglob(EXECUTION)
    ]
    return sorted(found, key=lambda kept: (_time(kept), str(kept.folder)), reverse=True)


def _time(kept: Kept) -> str:
    return kept.execution.window_end or kept.execution.started


def safe_name(name: str) -> str:
    """A name as the folders have it: letters, digits, `-`, `_` and `.` only."""
    return _UNSAFE.sub("-", name).strip(".") or NO_ENDPOINT
