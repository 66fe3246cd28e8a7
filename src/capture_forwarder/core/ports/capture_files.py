"""Where capture files are read from."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

import msgspec

from capture_forwarder.core.capture_file import CaptureFile


class OpenedFile(msgspec.Struct, frozen=True):
    """A capture file being read.

    `revision` changes whenever the content does: it is the version id, else the ETag.
    """

    stream: BinaryIO
    revision: str


class ObjectStore(Protocol):
    """Where capture files are: a bucket or a folder."""

    def open(self, capture_file: CaptureFile) -> AbstractContextManager[OpenedFile]:
        """Open a capture file for reading from its start.

        The stream raises `CaptureFileError` when the file ends before its announced length, so
        that a broken connection never looks like the end of the file.

        Raises
        ------
        CaptureFileError
            The file does not exist, may not be read, or cannot be reached.
        """
        ...
