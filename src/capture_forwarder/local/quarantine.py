"""Quarantine in a local folder, for runs without AWS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.quarantine_entry import QuarantineEntry, encode_entries, entry_path
from capture_forwarder.local.whole_file import write_whole_file

_LONGEST_FILE_NAME = 255


class FolderQuarantine:
    """Stores rejected lines below a local folder.

    Parameters
    ----------
    folder
        The folder; made when it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, capture_file: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        """Store the entries; see `Quarantine.put`."""
        # What a file system drops or refuses would make two keys one file, or none.
        readable = all(map(_is_file_name, capture_file.key.split("/")))
        path = self._folder / entry_path(capture_file, entries[0], readable=readable)
        try:
            write_whole_file(path, encode_entries(entries))
        except OSError as error:
            message = (
                f"Rejected lines of {capture_file} cannot be written to {path}: {error.strerror}."
            )
            advice = "Check FORWARDER_QUARANTINE, the folder's permissions and its disk."
            raise QuarantineError(message, advice) from error

    def holds(self, capture_file: CaptureFile) -> bool:
        """Whether the file is part of the quarantine: a folder never holds a file in S3."""
        del capture_file
        return False


def _is_file_name(part: str) -> bool:
    return bool(part.strip(".")) and "\0" not in part and len(part.encode()) <= _LONGEST_FILE_NAME
