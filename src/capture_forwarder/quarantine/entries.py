"""The entries of a quarantine file: read, written, and the captured line of each."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from capture_forwarder.core.errors import ForwarderError, QuarantineError
from capture_forwarder.core.ports.operator import QuarantineFiles
from capture_forwarder.core.quarantine_entry import QuarantineEntry
from capture_forwarder.parser import RejectedError, read_call

_BASE64 = "BASE64"
_decode = msgspec.json.Decoder(QuarantineEntry).decode


@dataclass(frozen=True)
class StoredEntry:
    """An entry, and the bytes that it is stored as."""

    entry: QuarantineEntry
    raw: bytes


@dataclass(frozen=True)
class FileEntries:
    """What was read of one file.

    Parameters
    ----------
    name, size
        The file, and its size in bytes.
    entries
        Its entries, in order.
    problem
        Why they could not be read, if they could not.
    """

    name: str
    size: int
    entries: Sequence[StoredEntry] = ()
    problem: ForwarderError | None = None


def read_files(
    files: QuarantineFiles, found: Sequence[tuple[str, int]] | None = None
) -> Iterator[FileEntries]:
    """Read one file after the other; one that cannot be read does not stop the others.

    Parameters
    ----------
    files
        The quarantine.
    found
        The names and sizes of the files to read; all of them by default.

    Raises
    ------
    ForwarderError
        The files cannot be listed.
    """
    for name, size in files.names() if found is None else found:
        try:
            data, _ = files.read(name)
            yield FileEntries(name, size, read_entries(name, data))
        except ForwarderError as error:
            yield FileEntries(name, size, problem=error)


def first_entry(
    files: QuarantineFiles, reason: str, keys: Collection[str]
) -> QuarantineEntry | None:
    """Find an entry of some capture files.

    Parameters
    ----------
    files
        The quarantine.
    reason
        Why it is there.
    keys
        The keys of the capture files.

    Raises
    ------
    ForwarderError
        The files cannot be listed.
    """
    found = [(name, size) for name, size in files.names() if reason in name]
    for file in read_files(files, found):
        for stored in file.entries:
            if stored.entry.reason == reason and stored.entry.key in keys:
                return stored.entry
    return None


def read_entries(name: str, data: bytes) -> list[StoredEntry]:
    """Read the entries of a quarantine file.

    Raises
    ------
    QuarantineError
        One of its lines is not an entry.
    """
    stored = []
    for number, raw in enumerate(data.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            stored.append(StoredEntry(_decode(raw), raw))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            message = f"{name} is not a quarantine file: line {number} is not an entry."
            raise QuarantineError(message, "The file is left unchanged.") from error
    return stored


def write_entries(raws: Sequence[bytes]) -> bytes:
    """Write a quarantine file from entries as they are stored."""
    return b"".join(raw + b"\n" for raw in raws)


def line_of(entry: QuarantineEntry) -> bytes:
    """Return the captured line of an entry, byte for byte.

    Raises
    ------
    QuarantineError
        The entry says that its line is in base64, and it is not.
    """
    if entry.encoding != "base64":
        return entry.line.encode()
    try:
        return base64.b64decode(entry.line, validate=True)
    except ValueError as error:
        where = f"line {entry.line_number} of s3://{entry.bucket}/{entry.key}"
        message = f"The entry for {where} is damaged: its line is not valid base64."
        raise QuarantineError(message, "The file is left unchanged.") from error


def decoded_payloads(line: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the payloads of a captured line that are in base64, decoded, each behind its side."""
    try:
        data, _, _ = read_call(line)
    except RejectedError:  # it is no call
        return
    sides = (("request", data.endpoint_input), ("response", data.endpoint_output))
    for side, payload in sides:
        if payload is None or payload.data is None or payload.encoding != _BASE64:
            continue
        try:
            yield side, base64.b64decode(payload.data, validate=True)
        except ValueError:  # it is shown as it stands in the line
            continue


def is_cut(entry: QuarantineEntry, line: bytes) -> bool:
    """Whether the entry holds only the beginning of its line."""
    return entry.length > len(line)
