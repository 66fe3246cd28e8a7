"""Which routes an object takes: the environment's one, or those of a file read afresh by age."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.ports import Clock, Reporter
from capture_forwarder.forwarding.route import Route
from capture_forwarder.settings.publishers import FilesSettings
from capture_forwarder.settings.route import RouteSettings

Routes = tuple[RouteSettings, ...]


def takes(routes: Sequence[RouteSettings], capture_file: CaptureFile) -> list[RouteSettings]:
    """The routes of an object: the first that fits, and the next ones while they continue."""
    found = []
    for route in routes:
        if not route.match.misses(capture_file):
            found.append(route)
            if not route.goes_on:
                break
    return found


class RouteBook:
    """The routes of a deployment.

    Parameters
    ----------
    read
        Reads the routes.
    build
        Puts a route to work. A route that stays the same over a reading stays at work, with its
        connections.
    is_kept
        Whether an object is part of the quarantine.
    clock, refresh_seconds
        When to read again; None for never.
    reporter
        Is told when a later reading fails; the routes then stay as they are.

    Raises
    ------
    ForwarderError
        The first reading failed, or a route cannot be put to work.
    """

    def __init__(  # noqa: PLR0913 - what routing needs
        self,
        read: Callable[[], Routes],
        build: Callable[[RouteSettings], Route],
        is_kept: Callable[[CaptureFile], bool],
        clock: Clock,
        *,
        refresh_seconds: float | None,
        reporter: Reporter,
    ) -> None:
        self._read = read
        self._build = build
        self._is_kept = is_kept
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._reporter = reporter
        self._lock = threading.Lock()
        self._routes = self._built({})
        self._read_at = clock.monotonic()
        # A place that a route has left still brings events of what was written there.
        self._places: set[str] = set()

    def routes(self, capture_file: CaptureFile) -> list[Route]:
        """Put the routes of an object to work; see `Router.routes`."""
        with self._lock:
            self._refresh()
            return [self._routes[route] for route in takes(tuple(self._routes), capture_file)]

    def is_output(self, capture_file: CaptureFile) -> bool:
        """Whether an object is quarantine or a part of a file publisher; see `Router`."""
        places = [route.publisher for route in tuple(self._routes)]
        self._places |= {place.place for place in places if isinstance(place, FilesSettings)}
        return self._is_kept(capture_file) or any(
            lies_under(place, capture_file) for place in self._places
        )

    def _built(self, known: Mapping[RouteSettings, Route]) -> dict[RouteSettings, Route]:
        """Read the routes, and put to work those that are not yet."""
        return {route: known.get(route) or self._build(route) for route in self._read()}

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


def lies_under(place: str, capture_file: CaptureFile) -> bool:
    """Whether an object lies in a place `s3://bucket/prefix`."""
    return f"s3://{capture_file.bucket}/{capture_file.key}".startswith(f"{place.rstrip('/')}/")
