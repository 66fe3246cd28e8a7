"""The baseline of `monitor quality`: where it is read, and where a new one is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from capture_forwarder.core.errors import UsageError
from capture_forwarder.monitor.executions.folder import CONSTRAINTS, STATISTICS, write_files
from capture_forwarder.monitor.quality import QualityBaseline
from capture_forwarder.monitor.quality.run import document_of, write_document


def read_baseline(place: Path, address: str) -> QualityBaseline:
    """Read a baseline from its folder or from its `constraints.json`.

    Parameters
    ----------
    place
        Where it is.
    address
        How its user names it.

    Raises
    ------
    UsageError
        There is none.
    """
    path = place / CONSTRAINTS if place.is_dir() else place
    statistics = path.with_name(STATISTICS)
    named = f"{address.rstrip('/')}/{CONSTRAINTS}" if place.is_dir() else address
    found = _read(statistics, STATISTICS) if statistics.is_file() else None
    return QualityBaseline(address, _read(path, named), found)


def _read(path: Path, named: str) -> object:
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"{named} cannot be read: {error.strerror}."
        raise UsageError(message, "Give the folder that a baseline was written to.") from error
    return document_of(data, named)


def check_is_free(folder: Path, address: str) -> None:
    """Look whether a folder holds no baseline yet; `address` is how its user names it.

    Raises
    ------
    UsageError
        It does.
    """
    if (folder / CONSTRAINTS).exists():
        message = f"{address} holds a baseline already."
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
    documents = {STATISTICS: statistics, CONSTRAINTS: constraints}
    write_files(folder, {name: write_document(one) for name, one in documents.items()})
