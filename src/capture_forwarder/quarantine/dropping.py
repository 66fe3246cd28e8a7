"""Entries that leave a quarantine unsent: lines delivered since, and what nobody wants to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports.operator import QuarantineFiles
from capture_forwarder.core.quarantine_entry import QuarantineEntry, entry_path
from capture_forwarder.quarantine.entries import read_entries, write_entries


@dataclass(frozen=True)
class Delivery:
    """A capture file that was forwarded to its end on a route.

    Parameters
    ----------
    capture_file, revision
        The file, and which content of it.
    route
        The route.
    resumed_at
        The line behind which this began.
    """

    capture_file: CaptureFile
    revision: str
    route: str
    resumed_at: int = 0


@dataclass
class Dropped:
    """What was dropped: reason → entries; and why some files could not be read or changed."""

    reasons: Counter[str] = field(default_factory=Counter)
    problems: list[ForwarderError] = field(default_factory=list)


def drop_entries(
    files: QuarantineFiles,
    found: Sequence[tuple[str, int]],
    unwanted: Callable[[QuarantineEntry], bool],
    *,
    apply: bool,
) -> Dropped:
    """Take entries out of a quarantine; one file that cannot be changed does not stop the others.

    Parameters
    ----------
    files
        The quarantine.
    found
        The names and sizes of the files to look at.
    unwanted
        Which entries to take out.
    apply
        Whether to do it, or only to count them.
    """
    dropped = Dropped()
    for name, _ in found:
        try:
            data, revision = files.read(name)
            stored = read_entries(name, data)
            kept = [one.raw for one in stored if not unwanted(one.entry)]
            if apply and not kept:
                files.remove(name, revision)
            elif apply and len(kept) < len(stored):
                files.replace(name, write_entries(kept), revision)
        except ForwarderError as error:
            dropped.problems.append(error)
        else:
            dropped.reasons.update(one.entry.reason for one in stored if unwanted(one.entry))
    return dropped


def drop_delivered(
    files: QuarantineFiles, deliveries: Collection[Delivery], before: datetime
) -> Dropped:
    """Take out the entries of lines that were read again since, and so delivered or kept anew.

    Parameters
    ----------
    files
        The quarantine.
    deliveries
        What has been forwarded since.
    before
        When that began: newer entries stay.

    Raises
    ------
    ForwarderError
        The files cannot be listed.
    """
    known = {
        (one.capture_file.bucket, one.capture_file.key, one.revision, one.route): one
        for one in deliveries
    }

    def was_delivered(entry: QuarantineEntry) -> bool:
        revision = entry.revision or entry.version_id or ""
        one = known.get((entry.bucket, entry.key, revision, entry.route))
        return one is not None and entry.line_number > one.resumed_at and _is(entry, before)

    found = _about(files.names(), (one.capture_file for one in deliveries))
    return drop_entries(files, found, was_delivered, apply=True)


def _is(entry: QuarantineEntry, before: datetime) -> bool:
    try:
        time = datetime.fromisoformat(entry.time)
    except ValueError:
        return False
    return (time if time.tzinfo else time.replace(tzinfo=UTC)) < before


def _about(
    names: Iterable[tuple[str, int]], capture_files: Iterable[CaptureFile]
) -> list[tuple[str, int]]:
    """Keep the quarantine files that can have entries of these capture files, by their paths."""
    folders = {folder for one in capture_files for folder in _folders(one)}

    def is_about(name: str) -> bool:
        parts = name.split("/")[:-2]  # without the revision and the file
        return any("/".join(parts[first:]) in folders for first in range(len(parts)))

    return [(name, size) for name, size in names if is_about(name)]


def _folders(capture_file: CaptureFile) -> Iterator[str]:
    """The folders that entries of a capture file may be in, behind that of the reason."""
    entry = QuarantineEntry(
        *("", "", capture_file.bucket, capture_file.key, None, "", 0, 0, 0, "", "", "")
    )
    for readable in (True, False):
        yield entry_path(capture_file, entry, readable=readable).strip("/").rsplit("/", 2)[0]
