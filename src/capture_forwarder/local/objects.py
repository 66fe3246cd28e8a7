"""Capture files in a local folder, laid out as in the bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import CaptureFileError
from capture_forwarder.core.ports import OpenedFile


class FolderObjectStore:
    """Takes a capture file's key for a path below a folder, whatever its bucket is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self, capture_file: CaptureFile) -> Iterator[OpenedFile]:
        """Open a file; see `ObjectStore.open`."""
        path = self._folder / capture_file.key
        try:
            file = path.open("rb", buffering=0)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}."
            advice = "Check its name and its permissions."
            raise CaptureFileError(message, advice, permanent=True) from error
        with file:
            facts = os.fstat(file.fileno())
            yield OpenedFile(file, f"{facts.st_mtime_ns}-{facts.st_size}")
