"""How the rest of a capture file reaches a later invocation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from capture_forwarder.core.capture_file import CaptureFile


class Continuations(Protocol):
    """A queue that hands the rest of a capture file to a later invocation."""

    def send(
        self, capture_file: CaptureFile, hops: int, routes: Sequence[str], delay_seconds: int = 0
    ) -> None:
        """Have a later invocation continue the file; once this returns, one will.

        Parameters
        ----------
        capture_file
            The file.
        hops
            How many times the file has been continued, this time included.
        routes
            The names of the routes on which it is not finished.
        delay_seconds
            How long the queue keeps the message back, 900 seconds at most.

        Raises
        ------
        ContinuationError
            The queue did not accept the message.
        """
        ...
