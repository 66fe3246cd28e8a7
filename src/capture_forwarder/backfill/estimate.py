"""How many files a backfill sends, how large they are, what that costs and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from capture_forwarder.backfill.selection import Selected
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.ports.announcing import MOST_AT_ONCE

# Dollars; the prices and the figures of a file are those of docs/cost.md: a file of 100 lines, and
# 50 ms a request.
_REQUEST = 0.40 / 1_000_000
_LIST = 5.00 / 1_000_000
_FORWARDED = 4.9 / 1_000_000
_SECONDS = 0.12


@dataclass
class Amount:
    """A number of files, and their bytes in S3."""

    files: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """Count one more file."""
        self.files += 1
        self.bytes += size


@dataclass
class Estimate:
    """What a backfill would do.

    Parameters
    ----------
    days
        Endpoint and day → the files.
    total
        All files.
    passed_over
        Files that the route does not take.
    pages
        Requests that listing took.
    """

    days: dict[tuple[str, str], Amount] = field(default_factory=dict)
    total: Amount = field(default_factory=Amount)
    passed_over: int = 0
    pages: int = 0

    @property
    def announcing(self) -> float:
        """Dollars for listing the files once more and sending their messages."""
        return self.pages * _LIST + self.total.files / MOST_AT_ONCE * _REQUEST

    @property
    def forwarding(self) -> float:
        """Dollars for forwarding them, if they have a hundred lines each."""
        return self.total.files * _FORWARDED

    def seconds(self, concurrency: int) -> float:
        """How long forwarding takes, if files have a hundred lines and requests take 50 ms.

        Parameters
        ----------
        concurrency
            How many invocations run at the same time.
        """
        return self.total.files * _SECONDS / concurrency


def estimate(selected: Selected, listed: Callable[[int], None] = lambda _: None) -> Estimate:
    """Count the files of a selection.

    Parameters
    ----------
    selected
        The files.
    listed
        Is called with the number of files so far, after each page.

    Raises
    ------
    AccountError
        A bucket cannot be listed.
    """
    found = Estimate()
    for folder in selected.folders():
        for page in selected.pages(folder):
            found.pages += 1
            found.passed_over += page.passed_over
            for file in page.files:
                hour = CaptureFile(folder.bucket, file.key).capture_hour or ""
                day = found.days.setdefault((folder.endpoint, hour[:10]), Amount())
                day.add(file.size)
                found.total.add(file.size)
            listed(found.total.files)
    return found
