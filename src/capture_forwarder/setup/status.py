"""What went through a deployment in the last hours, by route and endpoint, and what waits now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError
from capture_forwarder.core.watched import Metric
from capture_forwarder.forwarding.router import matching
from capture_forwarder.setup.findings import Found, not_known
from capture_forwarder.setup.subject import Folder, Subject

COUNTS = {
    "files": "ObjectsForwarded",
    "continued": "ObjectsContinued",
    "failed_tries": "ObjectsFailed",
    "held_tries": "ObjectsHeld",
    "rows": "InferencesPublished",
    "refused": "InferencesRefused",
    "quarantined": "LinesQuarantined",
}
"""What is counted of a route → our metric."""
# A file counts on its route when it is done or when a try of it fails.
_FIRST_SIGNS = ("ObjectsForwarded", "ObjectsFailed", "ObjectsContinued")

_ANY_FILE = "2000/01/01/00/00-00-000.jsonl"  # a key of the layout, where a folder is empty

_Known = TypeVar("_Known")


@dataclass(frozen=True)
class RouteStatus:
    """What a route did.

    Parameters
    ----------
    route, publisher
        The route, and where its rows go.
    counts
        Each name of `COUNTS` → how many.
    lag, longest_lag
        Seconds from the last call in a file to the end of its delivery: the median of the slowest
        hour, and the longest. None if no file was delivered.
    """

    route: str
    publisher: str
    counts: Mapping[str, int]
    lag: float | None
    longest_lag: float | None


@dataclass(frozen=True)
class EndpointStatus:
    """What an endpoint's variant wrote.

    Parameters
    ----------
    endpoint, variant
        Whose files these are; an empty variant where a folder names none.
    files, all_counted
        How many there are, and whether these are all.
    newest
        When the newest was written; None if there is none.
    routes
        The routes that it takes; None if they are not known.
    """

    endpoint: str
    variant: str
    files: int
    all_counted: bool
    newest: datetime | None
    routes: tuple[str, ...] | None


@dataclass(frozen=True)
class QueueStatus:
    """How many messages a queue holds now: waiting, being worked on, and delayed."""

    url: str
    waiting: int
    in_flight: int
    delayed: int


@dataclass(frozen=True)
class StackStatus:
    """What went through a stack; where something may not be looked at, `Found` says why.

    Parameters
    ----------
    stack
        Its name.
    since, now
        From when to when was counted.
    routes, endpoints
        What the routes did, and what the endpoints wrote.
    queue, dead_letters
        What waits, and what has failed for good.
    """

    stack: str
    since: datetime
    now: datetime
    routes: Sequence[RouteStatus] | Found
    endpoints: Sequence[EndpointStatus] | Found
    queue: QueueStatus | Found
    dead_letters: QueueStatus | Found

    @property
    def unknown(self) -> Mapping[str, Found]:
        """What is not known, by its name, and why."""
        parts = ("routes", "endpoints", "queue", "dead_letters")
        found = {name: getattr(self, name) for name in parts}
        return {name: part for name, part in found.items() if isinstance(part, Found)}


def look(subject: Subject) -> StackStatus:
    """Look at a stack; what AWS does not answer is unknown, and keeps nothing else from being told.

    Parameters
    ----------
    subject
        The stack, and since when to count.
    """
    return StackStatus(
        subject.stack.name,
        subject.since,
        subject.now,
        _known(lambda: _routes(subject)),
        _known(lambda: _endpoints(subject)),
        _known(lambda: _queue(subject, "CaptureQueue")),
        _known(lambda: _queue(subject, "DeadLetterQueue")),
    )


def _known(ask: Callable[[], _Known]) -> _Known | Found:
    try:
        return ask()
    except ForwarderError as error:
        return not_known(error)


def _queue(subject: Subject, name: str) -> QueueStatus:
    url = subject.resource(name)
    found = subject.account.deployment.queue(url)
    return QueueStatus(url, found.waiting, found.in_flight, found.delayed)


def _routes(subject: Subject) -> list[RouteStatus]:
    watching, service = subject.account.watching, subject.stack.name
    routes: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    for name in _FIRST_SIGNS:
        for metric in watching.by_route(service, name):
            dimensions = dict(metric.dimensions)
            routes[dimensions["route"], dimensions["publisher"]] = metric.dimensions
    asked = {
        (key, name): metric
        for key, dimensions in routes.items()
        for name, metric in _metrics(dimensions).items()
    }
    values = watching.values(list(asked.values()), subject.since, subject.now)
    found = {key: values.get(metric) for key, metric in asked.items()}
    # Routes that are configured and did nothing are told, too, where they can be read.
    configured = _known(lambda: [(one.name, one.publisher_name.value) for one in subject.routes])
    idle = [] if isinstance(configured, Found) else configured
    keys = sorted({*routes, *idle})
    return [
        RouteStatus(
            *key,
            {name: round(found.get((key, name)) or 0) for name in COUNTS},
            found.get((key, "lag")),
            found.get((key, "longest_lag")),
        )
        for key in keys
        if key in idle or any(found.get((key, name)) for name in COUNTS)
    ]


def _metrics(dimensions: tuple[tuple[str, str], ...]) -> dict[str, Metric]:
    def ours(name: str, statistic: str = "Sum") -> Metric:
        return Metric("CaptureForwarder", name, dimensions, statistic)

    counts = {name: ours(metric) for name, metric in COUNTS.items()}
    return {**counts, "lag": ours("Lag", "p50"), "longest_lag": ours("Lag", "Maximum")}


def _endpoints(subject: Subject) -> list[EndpointStatus]:
    return [_endpoint(subject, folder) for folder in subject.folders]


def _endpoint(subject: Subject, folder: Folder) -> EndpointStatus:
    key = folder.newest[-1].key if folder.newest else f"{folder.path}{_ANY_FILE}"
    file = CaptureFile(folder.bucket, key)
    taken = _known(lambda: tuple(route.name for route in matching(subject.routes, file)))
    return EndpointStatus(
        file.endpoint or folder.path,
        file.variant or "",
        folder.count,
        folder.whole,
        max((one.written for one in folder.newest), default=None),
        None if isinstance(taken, Found) else taken,
    )
