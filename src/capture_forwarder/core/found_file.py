"""A capture file that was found by listing, under the name that the user knows."""

from __future__ import annotations

import msgspec

from capture_forwarder.core.capture_file import CaptureFile


class FoundFile(msgspec.Struct, frozen=True):
    """A capture file, with the name that the user knows it by and its size in bytes."""

    capture_file: CaptureFile
    name: str
    size: int

    def rename(self, text: str) -> str:
        """Replace the file's full address in a message by the name that the user knows."""
        return text.replace(str(self.capture_file), self.name)
