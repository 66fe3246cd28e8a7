"""Files are announced to the deployed function, no faster than it takes them.

A message that waits for longer than the queue keeps it is lost without a trace, so the queue is
never filled with more than it is allowed to hold. SQS counts its messages with a delay of up to a
minute; what was sent within the last minute is therefore counted here as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from capture_forwarder.backfill.announce import Write, announce
from capture_forwarder.backfill.progress import (
    Progress,
    ProgressFile,
    read_progress,
    write_progress,
)
from capture_forwarder.backfill.selection import Folder, Page, Selected
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.ports import Announcing, Clock
from capture_forwarder.core.ports.announcing import MOST_AT_ONCE

POLL_SECONDS = 5.0
_LATE_SECONDS = 60.0  # source: GetQueueAttributes in the SQS API reference
_ADVICE = "Run the command again later; it goes on where it stopped."


class Backfill:
    """Announces the files of a selection.

    Parameters
    ----------
    selected
        The files.
    queue
        The function's queue.
    clock
        Time.
    file
        Where the progress is kept.
    write
        Writes a message.
    most_waiting
        How many messages the queue may hold.

    Raises
    ------
    UsageError
        The progress is of something else.
    """

    def __init__(  # noqa: PLR0913 - what it works with
        self,
        selected: Selected,
        queue: Announcing,
        clock: Clock,
        file: ProgressFile,
        *,
        write: Write,
        most_waiting: int,
    ) -> None:
        self._selected = selected
        self._queue = queue
        self._clock = clock
        self._file = file
        self._write = write
        self._most_waiting = most_waiting
        self._recent: deque[tuple[float, int]] = deque()
        self._described = selected.selection.described()
        self.progress = read_progress(file, self._described)
        self.waiting = 0

    def run(self) -> Iterator[None]:
        """Send all that is not sent yet; yields after each part and while it waits for the queue.

        `progress` says how far it is, `waiting` how many messages the queue holds. Broken off at
        any time, another run goes on behind the last page that was sent whole: at most a thousand
        files are announced twice, which the ledger notices.

        Raises
        ------
        AccountError
            AWS refuses. What was sent before is kept.
        UsageError
            The progress cannot be kept.
        """
        for folder in [] if self.progress.done else self._selected.folders():
            at = Folder.at(self.progress.folder) if self.progress.folder else folder
            if self._selected.comes_before(folder, at):
                continue
            after = self.progress.after if self.progress.folder == str(folder) else ""
            for page in self._selected.pages(folder, after):
                yield from self._send(page)
                self._keep(page)
        if not self.progress.done:
            self._save(replace(self.progress, done=True))

    def _send(self, page: Page) -> Iterator[None]:
        route = self._selected.selection.route
        routes = [route] if route else []
        bodies = [
            self._write(CaptureFile(page.folder.bucket, file.key), routes) for file in page.files
        ]
        while bodies:
            room = self._room()
            if room < min(MOST_AT_ONCE, len(bodies)):
                yield
                self._clock.sleep(POLL_SECONDS)
                continue
            self._accepted(bodies[:room])
            bodies = bodies[room:]
            yield

    def _room(self) -> int:
        self.waiting = self._queue.depth()
        now = self._clock.monotonic()
        while self._recent and now - self._recent[0][0] >= _LATE_SECONDS:
            self._recent.popleft()
        return self._most_waiting - self.waiting - sum(count for _, count in self._recent)

    def _accepted(self, bodies: Sequence[str]) -> None:
        """Send messages, and those again that the queue does not accept at once."""
        self._recent.append((self._clock.monotonic(), len(bodies)))
        announce(self._queue, self._clock, bodies, _ADVICE)

    def _keep(self, page: Page) -> None:
        before, folder = self.progress, str(page.folder)
        after = page.last or (before.after if before.folder == folder else "")
        sent = before.sent + len(page.files)
        self._save(Progress(folder, after, sent, before.passed_over + page.passed_over))

    def _save(self, progress: Progress) -> None:
        write_progress(self._file, self._described, progress)
        self.progress = progress
