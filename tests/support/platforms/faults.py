"""What can go wrong between a publisher and its platform, and the plan of when it does."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import Request


@dataclass(frozen=True)
class Status:
    """An error status instead of an answer.

    Parameters
    ----------
    code
        The HTTP status.
    message
        The text of the platform's error; the status' own phrase if empty.
    retry_after
        The Retry-After header: seconds or an HTTP date.
    body
        ``json`` is the platform's own error, ``html`` what a proxy in front of it would send.
    stored
        Whether the request takes effect all the same.
    """

    code: int
    message: str = ""
    retry_after: str | int | None = None
    body: Literal["json", "html"] = "json"
    stored: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer whose status says success and whose body is not what the platform sends."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    stored: bool = False


@dataclass(frozen=True)
class Reset:
    """The connection is reset once the request has been read, before or after it takes effect."""

    stored: bool


@dataclass(frozen=True)
class Truncated:
    """The request takes effect, and the connection closes in the middle of the answer."""


@dataclass(frozen=True)
class Slow:
    """An answer that is held back, after the request has taken effect.

    Parameters
    ----------
    release
        The answer waits until a test sets this event.
    seconds
        The longest wait; no bound if ``None``.
    then
        What happens after the wait; the usual answer if ``None``. It also decides whether the
        request takes effect.
    """

    release: threading.Event = field(default_factory=threading.Event)
    seconds: float | None = None
    then: Status | Answer | Reset | Truncated | None = None


Fault: TypeAlias = Status | Answer | Reset | Truncated | Slow

LOGIN_PAGE = Answer(b"<!doctype html><title>Sign in</title>", content_type="text/html")
"""What a proxy in front of the platform may answer: success, with the wrong page."""

GARBAGE_JSON = Answer(b'{"status": "ok"}')
"""JSON, but not the platform's."""

CUT_JSON = Answer(b'{"data": {"event_')
"""A complete answer by its length, whose JSON is not."""


def takes_effect(fault: Fault | None) -> bool:
    """Tell whether a request that meets `fault` is stored."""
    if isinstance(fault, Slow):
        fault = fault.then
    return fault.stored if isinstance(fault, Status | Answer | Reset) else True


def nth(*numbers: int) -> Callable[[Request], bool]:
    """Select publish requests by their number, counted from 1."""
    return lambda request: request.publish_number in numbers


def path(prefix: str) -> Callable[[Request], bool]:
    """Select requests whose path starts with `prefix`."""
    return lambda request: request.path.startswith(prefix)


class FaultPlan:
    """Which request meets which fault.

    Rules are asked first, in the order they were made; a publish request that none of them selects
    takes the next fault of the queue. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[Fault | None] = deque()
        self._rules: list[tuple[Callable[[Request], bool], Fault]] = []

    def extend(self, faults: tuple[Fault | None, ...]) -> None:
        """Queue one fault for each of the next publish requests; ``None`` lets one pass."""
        with self._lock:
            self._queue.extend(faults)

    def add_rule(self, selects: Callable[[Request], bool], fault: Fault) -> None:
        """Give `fault` to every request that `selects` is true of."""
        with self._lock:
            self._rules.append((selects, fault))

    def clear(self) -> None:
        """Forget every rule and every queued fault."""
        with self._lock:
            self._queue.clear()
            self._rules.clear()

    @property
    def pending(self) -> int:
        """How many queued faults no request has met yet."""
        with self._lock:
            return len(self._queue)

    def take(self, request: Request) -> Fault | None:
        """Return the fault that `request` meets, and drop it from the queue."""
        with self._lock:
            for selects, fault in self._rules:
                if selects(request):
                    return fault
            if request.publish_number and self._queue:
                return self._queue.popleft()
            return None
