"""The files of `monitor report`: the documents of executions, and the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from capture_forwarder.core.errors import UsageError
from capture_forwarder.local.whole_file import write_whole_file
from capture_forwarder.monitor.errors import DataError
from capture_forwarder.monitor.executions.folder import EXECUTION, STATISTICS
from capture_forwarder.monitor.executions.stored import hour_of_folder
from capture_forwarder.monitor.report import Documents
from capture_forwarder.monitor.report.documents import Document
from capture_forwarder.monitor.report.reading import documents_in, read_document
from capture_forwarder.monitor.report.runs import MOST
from capture_forwarder.wiring.monitor_executions import Executions, opened_executions
from capture_forwarder.wiring.monitor_places import S3, baseline_place, files_at

_HOUR_DEPTH = 4


class Shown(NamedTuple):
    """The documents of an execution, its address, and what is beside it.

    Parameters
    ----------
    documents
        What the page is made of.
    place
        The folder or address of the execution.
    root
        That of the executions beside it.
    others
        How many of these there are.
    """

    documents: Documents
    place: str
    root: str
    others: int


def read_documents(
    folder: str, quality: str | None, history: str | None, baseline: str | None
) -> Shown:
    """Read an execution and what belongs to it; each may be in S3.

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

    Raises
    ------
    MonitorFileError
        A file is not what its name says.
    UsageError
        There is no execution.
    FileStoreError
        S3 cannot be read.
    """
    with opened_executions(folder, 1) as there:
        place = _execution(there, folder)
        documents = documents_in(place)
        address = there.address_of(place)
        root = history or there.address_of(root_of(place))
        is_hour = _is_hour(place)
    if baseline is not None:
        with baseline_place(baseline) as kept:
            found = read_document(kept.folder / STATISTICS, needed=True)
        documents = replace(documents, baseline=found)
    if quality is not None:
        with opened_executions(quality, 1) as there:
            judged = documents_in(_execution(there, quality))
        documents = replace(documents, quality=judged)
    pattern = "**" if history or is_hour else "*"
    until = hour_of_folder(address) if is_hour else None
    with opened_executions(root, MOST, until) as there:
        files = list(there.folder.glob(f"{pattern}/{EXECUTION}"))
        known = [read_document(path) for path in files]
        beside = [
            path
            for path in files
            if there.address_of(path.parent) != address and path.parent.resolve() != place.resolve()
        ]
        others = len(beside) + there.others
    return Shown(replace(documents, history=known), address, root, others)


def root_of(place: Path) -> Path:
    """The folder of all executions of a schedule: above the year, if the folder is of an hour."""
    if not _is_hour(place):
        return place.parent
    whole = place if len(place.parts) > _HOUR_DEPTH else place.resolve()
    return whole.parents[_HOUR_DEPTH - 1]


def _is_hour(place: Path) -> bool:
    """Whether a folder is one of `yyyy/mm/dd/hh`."""
    parts = place.resolve().parts[-_HOUR_DEPTH:]
    return len(parts) == _HOUR_DEPTH and all(part.isdecimal() for part in parts)


def write_page(address: str, page: str, option: str = "--to") -> None:
    """Write the page whole or not at all, to a file or to an address in S3.

    Parameters
    ----------
    address, page
        The file, and what is in it.
    option
        What names the file.

    Raises
    ------
    DataError, FileStoreError
        It cannot be written.
    """
    data = page.encode("utf-8", "replace")
    if address.startswith(S3):
        files_at(address).write(address, data)
        return
    try:
        write_whole_file(Path(address), data)
    except OSError as error:
        message = f"{address} cannot be written: {error.strerror}."
        raise DataError(message, f"Name another file with {option}.") from error


def _execution(there: Executions, named: str) -> Path:
    """The folder itself, or the newest execution below it, with all of its files."""
    folder = there.folder
    if not folder.is_dir():
        raise UsageError(f"{named}: there is no such folder.", "Check the path.")
    place = folder
    if not any((folder / name).is_file() for name in (EXECUTION, STATISTICS)):
        found = [
            (_when(read_document(path)), path.parent)
            for path in folder.rglob(EXECUTION)
            if path.parent.name != "baseline"
        ]
        if not found:
            message = f"There is no execution in {named}."
            raise UsageError(message, "Make one with: capture-forwarder monitor check")
        place = max(found)[1]
    there.fetch(place)
    return place


def _when(execution: Document) -> str:
    return str(execution.get("window_end") or execution.get("started") or "")
