"""What is rejected of one object, on its way to quarantine in runs of bounded size."""

from __future__ import annotations

from collections import Counter

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.ports import Clock, Quarantine
from capture_forwarder.core.quarantine_entry import QuarantineEntry, make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.forwarding.sending import Refusal

_RUN_ENTRIES = 1000
_RUN_BYTES = 4 * 1024 * 1024


class RejectionRun:
    """Collects rejections and keeps them; without a quarantine, fails when the object ends.

    Parameters
    ----------
    capture_file, route
        What the rejections belong to.
    quarantine
        Where they are kept, if anywhere.
    clock
        Tells when.
    """

    def __init__(
        self, capture_file: CaptureFile, route: str, quarantine: Quarantine | None, clock: Clock
    ) -> None:
        self._source = capture_file
        self._route = route
        self._quarantine = quarantine
        self._clock = clock
        self._waiting: dict[str, list[QuarantineEntry]] = {}
        self._bytes = self._count = 0
        self._homeless: Counter[str] = Counter()
        self._first_homeless = ""
        self._first_homeless_line: int | None = None

    def add(self, line: Line, rejection: Rejection) -> None:
        """Put a line aside."""
        self._put(line, rejection)

    def add_refused(self, refusal: Refusal) -> None:
        """Put an inference aside that the platform refused, with the platform's words."""
        rejection = Rejection(Reason.REJECTED_BY_PLATFORM, refusal.said)
        self._put(refusal.line, rejection, refusal.inference.id, refusal.index)

    @property
    def is_full(self) -> bool:
        """Whether as much waits as may, so that it must be kept now."""
        return self._count >= _RUN_ENTRIES or self._bytes >= _RUN_BYTES

    def flush(self, position: Position, since: Position) -> bool:
        """Keep what was put aside between two positions: those of a batch and of the one before.

        What is kept waits on until `saved` is called: if the saving fails, the run is written
        again under the same name, here or by the next invocation, and nothing stands in two.

        Returns
        -------
        bool
            Whether everything up to the position is safe, so that the ledger may move there: not
            when there is no quarantine and something was rejected.

        Raises
        ------
        QuarantineError
            It could not be kept.
        """
        if self._quarantine is not None:
            for entries in self._waiting.values():
                due = [one for one in entries if since.lines < one.line_number <= position.lines]
                if due:
                    self._quarantine.put(self._source, due)
        return self._first_homeless_line is None or position.lines < self._first_homeless_line

    def saved(self, position: Position) -> None:
        """Forget what was kept up to a position, now that the ledger has moved there."""
        for reason, entries in self._waiting.items():
            self._waiting[reason] = [one for one in entries if one.line_number > position.lines]
        self._count = sum(map(len, self._waiting.values()))
        if not self._count:
            self._bytes = 0

    def finish(self, position: Position, since: Position) -> None:
        """Keep the last ones at the object's end.

        Raises
        ------
        QuarantineError
            They could not be kept, or there is no quarantine to keep them in.
        """
        self.flush(position, since)
        self._raise_if_homeless()

    def _put(
        self,
        line: Line,
        rejection: Rejection,
        inference_id: str | None = None,
        row_index: int | None = None,
    ) -> None:
        reason = rejection.reason.value
        if self._quarantine is None:
            self._homeless[reason] += 1
            self._first_homeless_line = self._first_homeless_line or line.number
            self._first_homeless = self._first_homeless or (
                f"line {line.number}"
                if rejection.reason is Reason.REJECTED_BY_PLATFORM
                else f"line {line.number}: {rejection.detail}"
            )
            return
        time = self._clock.now().isoformat()
        entry = make_entry(self._source, line, rejection, self._route, time)
        if inference_id is not None:
            entry = msgspec.structs.replace(entry, inference_id=inference_id, row_index=row_index)
        self._waiting.setdefault(reason, []).append(entry)
        self._bytes += len(line.data)
        self._count += 1

    def _raise_if_homeless(self) -> None:
        if not self._homeless:
            return
        counts = ", ".join(f"{count} {reason}" for reason, count in self._homeless.items())
        message = f"{self._source} holds lines that cannot be forwarded ({counts}), the first in"
        advice = "Set FORWARDER_QUARANTINE to s3://bucket/prefix so that they can be kept."
        raise QuarantineError(f"{message} {self._first_homeless}", advice)
