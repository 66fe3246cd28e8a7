"""A reporter that collects reports, failures and warnings for the command to show."""

from __future__ import annotations

import copy

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.report import FileReport
from capture_forwarder.settings import ONLY_ROUTE


class CollectingReporter:
    """Keeps reports, failures and warnings in the order in which they came."""

    def __init__(self) -> None:
        self.reports: dict[CaptureFile, FileReport] = {}
        self.failures: list[tuple[str, ForwarderError]] = []
        self.warnings: list[str] = []
        self._route = ""

    def on_route(self, route: str, publisher: str) -> CollectingReporter:
        """Keep the work of all routes together; see `Reporter.on_route`."""
        del publisher
        other = copy.copy(self)
        other._route = "" if route == ONLY_ROUTE else f"route {route}: "  # noqa: SLF001 - one of these
        return other

    def forwarded(self, capture_file: CaptureFile, report: FileReport) -> None:
        """Keep the accounting of a file; see `Reporter.forwarded`."""
        self.reports[capture_file] = report

    def continued(self, capture_file: CaptureFile, hops: int, report: FileReport | None) -> None:
        """Keep that a later invocation continues a file; see `Reporter.continued`."""
        del report
        times = "once" if hops == 1 else f"{hops} times"
        self.warnings.append(f"{capture_file} is continued later; it was handed over {times}")

    def postponed(self, capture_file: CaptureFile, seconds: int) -> None:
        """Keep that a file waits; see `Reporter.postponed`."""
        self.warnings.append(f"{capture_file} waits for {seconds} seconds")

    def failed(self, what: str, error: ForwarderError) -> None:
        """Keep a failure; see `Reporter.failed`."""
        self.failures.append((what, error))

    def skipped(self, capture_file: CaptureFile, why: str) -> None:
        """Keep that a file was skipped; see `Reporter.skipped`."""
        self.warnings.append(f"{capture_file} was skipped: {why}")

    def message_skipped(self, name: str, what: str) -> None:
        """Keep that a message was skipped; see `Reporter.message_skipped`."""
        self.warnings.append(f"message {name} was skipped: {what}")

    def warn(self, message: str, **facts: object) -> None:
        """Keep a warning; see `Reporter.warn`."""
        details = "; ".join(f"{name}: {_written(fact)}" for name, fact in facts.items())
        self.warnings.append(f"{self._route}{message}" + (f" ({details})" if details else ""))


def _written(fact: object) -> str:
    return ", ".join(map(str, fact)) if isinstance(fact, (list, tuple)) else str(fact)
