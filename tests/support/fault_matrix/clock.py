"""Time that tests own: a clock whose sleeping takes no time, and the time of an invocation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class FastClock:
    """The machine's clock, on which sleeping takes no time but counts all the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._skipped = 0.0
        self.sleeps: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self._skipped += seconds
            self.on_sleep()

    def skip(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        with self._lock:
            self._skipped += seconds


class Context:
    """What Lambda tells of an invocation."""

    aws_request_id = "request"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)
