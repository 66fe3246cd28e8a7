"""Quarantine in a local folder, for runs without AWS."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.quarantine_entry import QuarantineEntry, encode_entries, entry_path

_LONGEST_FILE_NAME = 255


class FolderQuarantine:
    """Keeps rejected lines in a local folder, for runs without AWS."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, capture_file: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        """Keep the entries; see `Quarantine.put`."""
        # What a file system drops or refuses would make two keys one file, or none.
        readable = all(map(_is_file_name, capture_file.key.split("/")))
        path = self._folder / entry_path(capture_file, entries[0], readable=readable)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.write(encode_entries(entries))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            message = (
                f"Rejected lines of {capture_file} cannot be kept in {path}: {error.strerror}."
            )
            raise QuarantineError(message, "Look at FORWARDER_QUARANTINE.") from error

    def holds(self, capture_file: CaptureFile) -> bool:
        """Whether the object lies in the quarantine: an S3 object never does."""
        del capture_file
        return False


def _is_file_name(part: str) -> bool:
    return bool(part.strip(".")) and "\0" not in part and len(part.encode()) <= _LONGEST_FILE_NAME
