"""Which routes a capture file takes, and how routes are read again while the function lives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import Clock, Reporter
from capture_forwarder.forwarding.route import Route


class RouteRule(Protocol):
    """What routing must know of a route's settings; equal settings are the same route."""

    @property
    def goes_on(self) -> bool:
        """Whether the routes below are tried too when this one matches."""
        ...

    @property
    def output(self) -> str | None:
        """The address that the route's publisher writes files to, if it does."""
        ...

    def misses(self, capture_file: CaptureFile) -> Sequence[str]:
        """Say what keeps a capture file from this route; nothing if it matches."""
        ...

    def __hash__(self) -> int: ...


Rule = TypeVar("Rule", bound=RouteRule)


def matching(rules: Iterable[Rule], capture_file: CaptureFile) -> list[Rule]:
    """The routes of a capture file: the first that matches, and the next ones while it goes on."""
    found = []
    for rule in rules:
        if not rule.misses(capture_file):
            found.append(rule)
            if not rule.goes_on:
                break
    return found


class RouteBook(Generic[Rule]):
    """The routes of a deployment.

    Parameters
    ----------
    read
        Reads the settings of all routes.
    build
        Builds a route from its settings. One whose settings did not change when they were read
        again is not built again, so it keeps its connections.
    is_quarantine
        Whether a file is part of the quarantine.
    clock, refresh_seconds
        When to read again; None for never.
    reporter
        Is warned when reading again fails; the routes then stay as they are.

    Raises
    ------
    ForwarderError
        The routes cannot be read or built the first time.
    """

    def __init__(  # noqa: PLR0913 - what routing needs
        self,
        read: Callable[[], Sequence[Rule]],
        build: Callable[[Rule], Route],
        is_quarantine: Callable[[CaptureFile], bool],
        clock: Clock,
        *,
        refresh_seconds: float | None,
        reporter: Reporter,
    ) -> None:
        self._read = read
        self._build = build
        self._is_quarantine = is_quarantine
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._reporter = reporter
        self._lock = threading.Lock()
        # Events of what was written to an address still come when no route writes there any more.
        self._outputs: set[str] = set()
        self._routes = self._built({})
        self._read_at = clock.monotonic()

    def routes(self, capture_file: CaptureFile) -> list[Route]:
        """The routes of a capture file; see `Router.routes`."""
        with self._lock:
            self._refresh()
            return [self._routes[rule] for rule in matching(self._routes, capture_file)]

    def is_output(self, capture_file: CaptureFile) -> bool:
        """Whether the forwarder itself wrote the file; see `Router.is_output`."""
        return self._is_quarantine(capture_file) or any(
            is_under(address, capture_file) for address in tuple(self._outputs)
        )

    def _built(self, known: Mapping[Rule, Route]) -> dict[Rule, Route]:
        """Read the settings, and build the routes that are new."""
        routes = {rule: known.get(rule) or self._build(rule) for rule in self._read()}
        self._outputs |= {rule.output for rule in routes if rule.output is not None}
        return routes

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if self._refresh_seconds is None or now - self._read_at < self._refresh_seconds:
            return
        self._read_at = now
        try:
            self._routes = self._built(self._routes)
        except ForwarderError as error:
            self._reporter.warn(
                "the routes cannot be read again, the old ones stay", problem=str(error)
            )


def is_under(address: str, capture_file: CaptureFile) -> bool:
    """Whether a file is under an address `s3://bucket/prefix`."""
    return f"s3://{capture_file.bucket}/{capture_file.key}".startswith(f"{address.rstrip('/')}/")
