"""Who hears about the work."""

from __future__ import annotations

from typing import Protocol

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.report import FileReport


class Reporter(Protocol):
    """Reports the work, as logs and metrics or to a terminal; several routes report at once."""

    def on_route(self, route: str, publisher: str) -> Reporter:
        """The reporter for the work on one route."""
        ...

    def continued(self, capture_file: CaptureFile, hops: int, report: FileReport | None) -> None:
        """Report a file that a later invocation continues; `report` covers what was done so far."""
        ...

    def postponed(self, capture_file: CaptureFile, seconds: int) -> None:
        """Report a file that waits in the queue for so long before it is read."""
        ...

    def forwarded(self, capture_file: CaptureFile, report: FileReport) -> None:
        """Report a file that is done."""
        ...

    def failed(self, what: str, error: ForwarderError) -> None:
        """Report a file or a message that failed; its source delivers it again."""
        ...

    def skipped(self, capture_file: CaptureFile, why: str) -> None:
        """Report a file that is acknowledged without being read."""
        ...

    def message_skipped(self, name: str, what: str) -> None:
        """Report a message, or a part of it, that is acknowledged since it is about no new file."""
        ...

    def warn(self, message: str, **facts: object) -> None:
        """Report something that an operator should look at."""
        ...
