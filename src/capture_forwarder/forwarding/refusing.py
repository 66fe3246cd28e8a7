"""When a platform refuses so much of a file that looking for bad rows one by one must stop."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

from capture_forwarder.core.errors import BatchRefusedError, FileHeldError
from capture_forwarder.forwarding.settled import Refusal

_IN_A_ROW = 16
_MANY = 100
_WORD = re.compile(r"\w+")


class RefusalWatch:
    """Counts the rows of one file that are refused; used from several threads.

    Finding a bad row takes many requests, and a platform that names it may name thousands. A few
    bad rows are worth that. A wrong column or a wrong model makes a platform refuse everything:
    then the file is held, for a person to correct the settings and have it delivered again.

    Parameters
    ----------
    most
        The share of the rows that may be refused; with 1, the file is never held.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._may_hold = most < 1
        self._lock = threading.Lock()
        self._in_a_row = self._refused = self._accepted = 0
        self._first: tuple[Refusal, str] | None = None
        self._held: FileHeldError | None = None

    def in_doubt(self) -> bool:
        """Whether so many rows were refused one after the other that every row may be."""
        return self._may_hold and self._in_a_row >= _IN_A_ROW

    def accepted(self, rows: int) -> None:
        """Count rows that the platform accepted."""
        if rows:
            with self._lock:
                self._accepted += rows
                self._in_a_row = 0

    def refused(self, refusal: Refusal, error: BatchRefusedError) -> None:
        """Count a row that was refused alone."""
        with self._lock:
            self._refused += 1
            self._in_a_row += 1
            self._first = self._first or (refusal, error.message)

    def named(self, refusals: Sequence[Refusal], accepted: int) -> Sequence[Refusal]:
        """Count an answer that names the rows that are refused.

        Parameters
        ----------
        refusals, accepted
            Those rows, and how many others were accepted.

        Returns
        -------
        Sequence
            The refused rows that this settles: once too many are refused, all but the first stay
            open. That one is settled whichever answer is the first to be counted, so that the
            platform's words are in quarantine when the file is held.
        """
        self.accepted(accepted)
        with self._lock:
            for count, refusal in enumerate(refusals):
                too_much = self._may_hold and (self._held is not None or self._is_too_much())
                if too_much and count:
                    return refusals[:count]
                self._refused += 1
                self._first = self._first or (refusal, "The platform names what it refuses.")
        return refusals

    def check(self) -> None:
        """Let no further request begin once the file is held.

        Raises
        ------
        FileHeldError
            The platform refuses too much of the file.
        """
        with self._lock:
            if self._may_hold and self._held is None and self._is_too_much():
                self._held = self._error()
            if self._held is not None:
                raise self._held

    def _is_too_much(self) -> bool:
        share = self._refused / max(1, self._refused + self._accepted)
        return self._in_a_row >= _IN_A_ROW + 3 or (self._refused >= _MANY and share > self._most)

    def _error(self) -> FileHeldError:
        assert self._first is not None  # noqa: S101 - it is too much only after the first
        refusal, message = self._first
        rows = self._refused + self._accepted
        # The platform's words may quote values, so that of them only our own columns are named.
        words = set(_WORD.findall(refusal.said))
        named = [name for name in refusal.inference.names if words >= {*_WORD.findall(name)}]
        columns = f" Its answer names {', '.join(map(repr, named))}." if any(named) else ""
        return FileHeldError(
            f"{message} It refused {self._refused} of {rows} rows one by one, the first in "
            f"line {refusal.line.number}, so the file is held.{columns}",
            "A wrong model or column makes a platform refuse every row: read the platform's own "
            "words in quarantine under rejected-by-platform, correct the route's settings, and "
            "move the dead letters back to the queue.",
        )
