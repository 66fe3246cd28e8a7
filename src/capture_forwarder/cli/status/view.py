"""What `status` shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.table import Table

from capture_forwarder.cli.terminal.console import OUT, plain, say
from capture_forwarder.cli.terminal.tables import add, new_table
from capture_forwarder.setup.findings import Found
from capture_forwarder.setup.status import (
    EndpointStatus,
    QueueStatus,
    RouteStatus,
    StackStatus,
)

_NUMBERS = ("files", "rows", "refused", "quarantined", "failed tries", "lag", "longest lag")


def show_status(found: StackStatus) -> None:
    """Show what went through as tables, what waits, and what is not known."""
    say(f"Stack {found.stack}, {_time(found.since)} to {_time(found.now)} UTC", style="bold")
    if not isinstance(found.routes, Found):
        OUT.print(_routes(found.routes))
    if not isinstance(found.endpoints, Found):
        OUT.print(_endpoints(found.endpoints))
    if not isinstance(found.queue, Found):
        queue = found.queue
        counts = f"{queue.waiting} waiting, {queue.in_flight} in work, {queue.delayed} delayed"
        say(f"Queue: {counts}")
    if not isinstance(found.dead_letters, Found):
        _show_dead_letters(found.dead_letters)
    for name, why in found.unknown.items():
        say(f"{name.replace('_', ' ')}: unknown. {why.says} {why.todo}".strip(), style="magenta")


def status_json(found: StackStatus) -> dict[str, object]:
    """Write what went through as a JSON document; null is what is not known."""
    routes, places = found.routes, found.endpoints
    return {
        "stack": found.stack,
        "since": found.since.isoformat(),
        "until": found.now.isoformat(),
        "routes": None if isinstance(routes, Found) else [_route_json(one) for one in routes],
        "endpoints": None if isinstance(places, Found) else [_endpoint_json(one) for one in places],
        "queue": _queue_json(found.queue),
        "dead_letters": _queue_json(found.dead_letters),
        "unknown": [
            {"what": name, "why": why.says, "advice": why.todo}
            for name, why in found.unknown.items()
        ],
    }


def _routes(routes: Sequence[RouteStatus]) -> Table:
    heads = ("route", "publisher", *_NUMBERS)
    table = new_table("Routes", *heads, numbers=_NUMBERS, unbroken=("publisher",))
    for route in routes:
        counts = route.counts
        bad = counts["refused"] or counts["quarantined"] or counts["failed_tries"]
        numbers = [counts[name] for name in ("files", "rows", "refused", "quarantined")]
        lags = (_duration(route.lag), _duration(route.longest_lag))
        style = "yellow" if bad else None
        cells = (*numbers, counts["failed_tries"], *lags)
        add(table, plain(route.route), route.publisher, *cells, style=style)
    return table


def _endpoints(endpoints: Sequence[EndpointStatus]) -> Table:
    heads = ("endpoint", "variant", "files", "newest, UTC", "routes")
    table = new_table(
        "Endpoints: files in S3", *heads, numbers=("files",), unbroken=("newest, UTC",)
    )
    for one in endpoints:
        files = f"{one.files}{'' if one.all_counted else '+'}"
        newest = _time(one.newest) if one.newest else "-"
        routes = "unknown" if one.routes is None else ", ".join(one.routes) or "none"
        add(table, plain(one.endpoint), plain(one.variant), files, newest, plain(routes))
    return table


def _show_dead_letters(found: QueueStatus) -> None:
    dead = found.waiting + found.in_flight + found.delayed
    say(f"Dead letters: {dead}", style="red" if dead else None)
    if dead:
        say(f"  To see them: capture-forwarder dead-letters list {found.url}")


def _route_json(route: RouteStatus) -> dict[str, object]:
    return {
        "route": route.route,
        "publisher": route.publisher,
        **route.counts,
        "lag_seconds": route.lag,
        "longest_lag_seconds": route.longest_lag,
    }


def _endpoint_json(endpoint: EndpointStatus) -> dict[str, object]:
    newest = endpoint.newest.isoformat() if endpoint.newest else None
    return {**dataclasses.asdict(endpoint), "newest": newest}


def _queue_json(found: QueueStatus | Found) -> dict[str, object] | None:
    return None if isinstance(found, Found) else dataclasses.asdict(found)


def _time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _duration(seconds: float | None) -> str:
    return "-" if seconds is None else str(timedelta(seconds=round(seconds)))
