"""Where rejected and refused lines are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.quarantine_entry import QuarantineEntry


class Quarantine(Protocol):
    """Where rejected and refused lines are stored."""

    def put(self, capture_file: CaptureFile, entries: Sequence[QuarantineEntry]) -> None:
        """Store entries, all of one capture file, route and reason; once it returns, they are safe.

        Storing the same entries again changes nothing.

        Raises
        ------
        QuarantineError
            They could not be stored.
        """
        ...

    def holds(self, capture_file: CaptureFile) -> bool:
        """Whether this file is itself part of the quarantine, which is never taken as input."""
        ...
