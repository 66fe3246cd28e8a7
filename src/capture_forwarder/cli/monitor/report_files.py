"""The files of `monitor report`: the documents of executions, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.whole_file import write_whole_file
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.executions.folder import EXECUTION, STATISTICS
from capture_forwarder.monitor.report import Documents
from capture_forwarder.monitor.report.documents import Document
from capture_forwarder.monitor.report.reading import documents_in, read_document

_HOUR_DEPTH = 4


def read_documents(
    folder: Path, quality: Path | None, history: Path | None, baseline: Path | None
) -> tuple[Documents, Path]:
    """Read an execution and what belongs to it.

    Parameters
    ----------
    folder
        The execution's folder; or one with several below it, of which the newest is taken.
    quality
        The same for an execution of model quality.
    history
        Where earlier executions are.
    baseline
        The baseline's folder, where the execution has no copy.

    Returns
    -------
    tuple
        The documents, and the folder that they are of.

    Raises
    ------
    MonitorFileError
        A file is not what its name says.
    UsageError
        There is no execution.
    """
    place = _execution(folder)
    documents = documents_in(place)
    if baseline is not None:
        documents = replace(documents, baseline=read_document(baseline / STATISTICS, needed=True))
    if quality is not None:
        documents = replace(documents, quality=documents_in(_execution(quality)))
    pattern = "**" if history or _is_hour(place) else "*"
    known = [
        read_document(path) for path in (history or root_of(place)).glob(f"{pattern}/{EXECUTION}")
    ]
    return replace(documents, history=known), place


def root_of(place: Path) -> Path:
    """The folder of all executions of a schedule: above the year, if the folder is of an hour."""
    return place.resolve().parents[_HOUR_DEPTH - 1] if _is_hour(place) else place.parent


def _is_hour(place: Path) -> bool:
    """Whether a folder is one of `yyyy/mm/dd/hh`."""
    parts = place.resolve().parts[-_HOUR_DEPTH:]
    return len(parts) == _HOUR_DEPTH and all(part.isdecimal() for part in parts)


def write_page(path: Path, page: str) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    DataError
        It cannot be written.
    """
    try:
        write_whole_file(path, page.encode("utf-8", "replace"))
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise DataError(message, "Name another file with --to.") from error


def _execution(folder: Path) -> Path:
    """The folder itself, or the newest execution below it."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder.", "Check the path.")
    if any((folder / name).is_file() for name in (EXECUTION, STATISTICS)):
        return folder
    found = [
        (_when(read_document(path)), path.parent)
        for path in folder.rglob(EXECUTION)
        if path.parent.name != "baseline"
    ]
    if not found:
        message = f"There is no execution in {folder}."
        raise UsageError(message, "Make one with: capture-forwarder monitor check")
    return max(found)[1]


def _when(execution: Document) -> str:
    return str(execution.get("window_end") or execution.get("started") or "")
