"""What is rejected or refused of one capture file, on its way to quarantine."""

from __future__ import annotations

from collections import Counter

import msgspec

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QuarantineError
from capture_forwarder.core.line import Line, Position
from capture_forwarder.core.ports import Clock, Quarantine
from capture_forwarder.core.quarantine_entry import QuarantineEntry, make_entry
from capture_forwarder.core.rejection import Reason, Rejection
from capture_forwarder.forwarding.settled import Refusal

_RUN_ENTRIES = 1000
_RUN_BYTES = 4 * 1024 * 1024


class Rejections:
    """Collects what is rejected and puts it into quarantine in runs of bounded size.

    Without a quarantine the file fails at its end, and its position stays before the first line
    or row that could not be quarantined.

    Parameters
    ----------
    capture_file, revision, route
        What the rejections belong to.
    quarantine
        Where they go, if anywhere.
    clock
        Tells when.
    """

    def __init__(
        self,
        capture_file: CaptureFile,
        revision: str,
        route: str,
        quarantine: Quarantine | None,
        clock: Clock,
    ) -> None:
        self._capture_file = capture_file
        self._revision = revision
        self._route = route
        self._quarantine = quarantine
        self._clock = clock
        self._waiting: dict[str, list[QuarantineEntry]] = {}
        self._bytes = self._count = 0
        self._lost: Counter[str] = Counter()
        self._first_lost: tuple[Position, str] | None = None

    def reject(self, line: Line, rejection: Rejection) -> None:
        """Take a line that our parser rejected."""
        if self._quarantine is None:
            where = f"line {line.number}: {rejection.detail}"
            self._note_lost(rejection.reason, line.before(), where)
            return
        self._wait(self._entry(line, rejection), len(line.data))

    def refuse(self, refusal: Refusal) -> None:
        """Take an inference that the platform refused, with the platform's words."""
        if self._quarantine is None:
            before = refusal.line.before(refusal.index)
            self._note_lost(Reason.REJECTED_BY_PLATFORM, before, f"line {refusal.line.number}")
        elif not refusal.alone:
            self._wait(self._refused(refusal), len(refusal.line.data))

    def keep(self, refusal: Refusal) -> None:
        """Put one refused inference into quarantine by itself, at once, from any thread.

        It took many requests to find, and an entry by itself has the same address however far
        the next invocation comes with the rows around it.

        Raises
        ------
        QuarantineError
            It could not be put there.
        """
        if self._quarantine is not None:
            self._quarantine.put(self._capture_file, [self._refused(refusal)])

    @property
    def is_full(self) -> bool:
        """Whether as much waits as may, so that it must go to quarantine now."""
        return self._count >= _RUN_ENTRIES or self._bytes >= _RUN_BYTES

    @property
    def block(self) -> bool:
        """Whether something can be put nowhere, so that the position stays in front of it."""
        return self._first_lost is not None

    def flush(self, position: Position, since: Position) -> bool:
        """Put into quarantine what lies between two positions: the ends of two batches.

        What was put there waits on until `saved` is called: if the saving fails, the run is
        written again under the same name, here or by the next invocation, and nothing is there
        twice.

        Returns
        -------
        bool
            Whether the ledger may move to the position: not when there is no quarantine and
            something in front of it was rejected.

        Raises
        ------
        QuarantineError
            It could not be put there.
        """
        if self._quarantine is not None:
            for entries in self._waiting.values():
                due = [one for one in entries if since <= _before(one) < position]
                if due:
                    self._quarantine.put(self._capture_file, sorted(due, key=_before))
        return self._first_lost is None or position <= self._first_lost[0]

    def saved(self, position: Position) -> None:
        """Forget what is in quarantine up to a position, now that the ledger has moved there."""
        for reason, entries in self._waiting.items():
            self._waiting[reason] = [one for one in entries if _before(one) >= position]
        self._count = sum(map(len, self._waiting.values()))
        if not self._count:
            self._bytes = 0

    def finish(self, position: Position, since: Position) -> None:
        """Put the last ones into quarantine at the file's end.

        Raises
        ------
        QuarantineError
            They could not be put there, or there is no quarantine.
        """
        self.flush(position, since)
        if self._first_lost is None:
            return
        counts = ", ".join(f"{count} {reason}" for reason, count in self._lost.items())
        raise QuarantineError(
            f"{self._capture_file} holds lines that cannot be forwarded ({counts}), the first in "
            f"{self._first_lost[1]}",
            "Set FORWARDER_QUARANTINE to s3://bucket/prefix, where such lines go.",
        )

    def _note_lost(self, reason: Reason, before: Position, where: str) -> None:
        self._lost[reason.value] += 1
        # A refusal is known after lines that come later in the file were read.
        if self._first_lost is None or before < self._first_lost[0]:
            self._first_lost = before, where

    def _wait(self, entry: QuarantineEntry, size: int) -> None:
        self._waiting.setdefault(entry.reason, []).append(entry)
        self._bytes += size
        self._count += 1

    def _refused(self, refusal: Refusal) -> QuarantineEntry:
        rejection = Rejection(Reason.REJECTED_BY_PLATFORM, refusal.said)
        entry = self._entry(refusal.line, rejection)
        return msgspec.structs.replace(
            entry, inference_id=refusal.inference.id, row_index=refusal.index
        )

    def _entry(self, line: Line, rejection: Rejection) -> QuarantineEntry:
        time = self._clock.now().isoformat()
        return make_entry(self._capture_file, line, rejection, self._route, time, self._revision)


def _before(entry: QuarantineEntry) -> Position:
    return Position(entry.offset, entry.line_number - 1, entry.row_index or 0)
