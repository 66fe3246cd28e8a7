"""How quarantine entries are written and named, wherever they are kept; and a folder of them."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.model import CaptureObject, QuarantineEntry, RawLine, Rejection

# S3 keys hold at most 1024 bytes; this leaves room for a prefix.
_LONGEST_PATH = 700
_LONGEST_FILE_NAME = 255


def make_entry(
    source: CaptureObject, line: RawLine, rejection: Rejection, route: str, time: str
) -> QuarantineEntry:
    """Put together what is known of a rejected line.

    A line that is not UTF-8 is kept as base64, so that not one byte of it is lost. Of a line
    over the size limit only the beginning is kept; offset and length find the whole in S3.
    """
    encoding, text = "utf-8", ""
    try:
        text = line.data.decode()
    except UnicodeDecodeError:
        encoding, text = "base64", base64.b64encode(line.data).decode()
    return QuarantineEntry(
        reason=rejection.reason.value,
        detail=rejection.detail,
        bucket=source.bucket,
        key=source.key,
        version_id=source.version_id,
        route=route,
        line_number=line.number,
        offset=line.offset,
        length=line.length,
        time=time,
        encoding=encoding,
        line=text,
    )


def encode_entries(entries: Sequence[QuarantineEntry]) -> bytes:
    """Write entries as JSON Lines."""
    return msgspec.json.Encoder().encode_lines(list(entries))


def entry_path(source: CaptureObject, first: QuarantineEntry, *, readable: bool = True) -> str:
    """Name the file for a run of entries, the same whenever the run starts at the same line.

    `{reason}/{bucket}/{key}/{version}/{route}-{line}.jsonl`; a key too long for that, or not to
    be `readable`, is replaced by its SHA-256, since every entry carries the key in full.
    """
    version = source.version_id or "unversioned"
    path = f"{first.reason}/{source.bucket}/{source.key}/{version}/"
    if not readable or len(path.encode()) > _LONGEST_PATH:
        digest = hashlib.sha256(source.key.encode()).hexdigest()
        path = f"{first.reason}/{source.bucket}/{digest}/{version}/"
    return f"{path}{first.route}-{first.line_number:09d}.jsonl"


class FolderQuarantine:
    """Keeps rejected lines in a local folder, for runs without AWS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, source: CaptureObject, entries: Sequence[QuarantineEntry]) -> None:
        """Keep the entries; see `Quarantine.put`."""
        # What a file system drops or refuses would make two keys one file, or none.
        readable = all(map(_is_file_name, source.key.split("/")))
        path = self._folder / entry_path(source, entries[0], readable=readable)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(encode_entries(entries))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            message = f"Rejected lines of {source} cannot be kept in {path}: {error.strerror}."
            raise QuarantineError(message, "Look at FORWARDER_QUARANTINE.") from error

    def holds(self, source: CaptureObject) -> bool:
        """Whether the object lies in the quarantine: an S3 object never does."""
        del source
        return False


def _is_file_name(part: str) -> bool:
    return bool(part.strip(".")) and "\0" not in part and len(part.encode()) <= _LONGEST_FILE_NAME
