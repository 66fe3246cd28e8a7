"""Settings → a forwarder with everything it needs. What one run does not use is not imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import SettingsError
from capture_forwarder.core.ports import (
    Clock,
    Continuations,
    Ledger,
    Lister,
    ObjectStore,
    Ports,
    Quarantine,
    Reporter,
)
from capture_forwarder.forwarding.forwarder import Forwarder
from capture_forwarder.forwarding.options import RouteOptions
from capture_forwarder.forwarding.route import Route
from capture_forwarder.forwarding.router import RouteBook
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.settings import PublisherName, RouteSettings, Settings
from capture_forwarder.triggers import write_continuation
from capture_forwarder.wiring.labels import mapping_of, store_of
from capture_forwarder.wiring.publishers import build_publisher
from capture_forwarder.wiring.stores import s3_store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FILES_AT_ONCE = 64


def build_forwarder(
    settings: Settings,
    *,
    store: ObjectStore | None = None,
    reporter: Reporter | None = None,
    routes: Sequence[RouteSettings] | None = None,
) -> Forwarder:
    """Put a forwarder together; connects to nothing yet but to a routes file.

    Parameters
    ----------
    settings
        Validated settings.
    store
        Where objects lie; S3 by default.
    reporter
        Reports the work; JSON logs and metrics by default.
    routes
        The only routes to take; those of the settings by default.

    Raises
    ------
    SettingsError
        The routes file cannot be used, or something that a route needs is not installed.
    """
    clock = SystemClock()
    teller = reporter or log_reporter()
    s3_client = cache(_s3_client)  # making one takes its time, and one serves several threads
    source = store or s3_store(s3_client(), settings.max_line_bytes)
    quarantine = build_quarantine(settings, s3_client)
    ledger = build_ledger(settings, clock)

    def build(route: RouteSettings) -> Route:
        publisher = build_publisher(route, settings, clock)
        ports = Ports(store_of(route, source), publisher, quarantine, clock, ledger)
        own = teller.on_route(route.name, route.publisher_name.value)
        return Route(mapping_of(route, settings), route_options(route, settings), ports, own)

    router = RouteBook(
        lambda: read_routes(settings) if routes is None else routes,
        build,
        quarantine.holds if quarantine else lambda _: False,
        clock,
        refresh_seconds=settings.routes_refresh_seconds if settings.routes_file else None,
        reporter=teller,
    )

    def make_lister() -> Lister:
        from capture_forwarder.wiring.listing import build_lister  # noqa: PLC0415 - rare

        return build_lister(settings, router, clock)

    return Forwarder(router, clock, teller, _continuations(settings), make_lister)


def read_routes(settings: Settings) -> tuple[RouteSettings, ...]:
    """The routes: the environment's one, or those of the routes file as it is now.

    Raises
    ------
    SettingsError
        The file cannot be read, or what it says is wrong.
    """
    address = settings.routes_file
    if address is None:
        return (settings.route,) if settings.route else ()
    routes = read_routes_file(address)
    several = [route.name for route in routes[:-1] if route.goes_on]
    if several and settings.ledger is None:
        problem = f"FORWARDER_LEDGER: missing; the route {several[0]} continues, and without a "
        raise SettingsError([f"{problem}ledger one platform's failure would repeat the others'"])
    return routes


def read_routes_file(address: str) -> tuple[RouteSettings, ...]:
    """Read and check a routes file: a path, `s3://bucket/key` or `ssm://parameter`.

    Raises
    ------
    SettingsError
        It cannot be read, or what it says is wrong.
    """
    from capture_forwarder.settings.routes_file import parse_routes  # noqa: PLC0415

    return parse_routes(_text(address), address)


def route_options(route: RouteSettings, settings: Settings) -> RouteOptions:
    """How a route's objects are forwarded."""
    # Waiting does not free a file that another program holds open: the file fails at once.
    local = route.publisher_name is PublisherName.DUCKDB
    return RouteOptions(
        route.name,
        settings.max_line_bytes,
        settings.requests_in_flight,
        0.0 if local else settings.retry_seconds,
        settings.lease_seconds,
        route.mapping.max_cast_failures,
        route.mapping.max_refused,
        route.delay_seconds,
    )


def files_at_once(routes: Sequence[RouteSettings]) -> int:
    """How many capture files to forward at once, where nobody else may be disturbed by it.

    The embedded database stores what several bring in one transaction, which takes it little
    longer than one. A platform has its own limits, which `requests_in_flight` keeps for one file.
    Of labels, the last one of an id has to be the last to arrive.
    """
    in_any_order = all(
        route.publisher_name is PublisherName.DUCKDB and route.labels is None for route in routes
    )
    return _FILES_AT_ONCE if in_any_order else 1


def build_ledger(settings: Settings, clock: Clock) -> Ledger | None:
    """Make the ledger that the settings name; None if they name none."""
    address = settings.ledger
    if address is None:
        return None
    if not address.startswith("dynamodb://"):
        from capture_forwarder.local.ledger import SqliteLedger  # noqa: PLC0415

        return SqliteLedger(Path(address), clock)
    from capture_forwarder.aws.clients import dynamodb_client  # noqa: PLC0415
    from capture_forwarder.aws.ledger import DynamoDbLedger  # noqa: PLC0415

    return DynamoDbLedger(dynamodb_client(), address.removeprefix("dynamodb://"), clock)


def _s3_client() -> S3Client:
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415

    return s3_client()


def build_quarantine(
    settings: Settings, make_client: Callable[[], S3Client] = _s3_client
) -> Quarantine | None:
    """Make the quarantine that the settings name; None if they name none."""
    address = settings.quarantine
    if address is None:
        return None
    if not address.startswith("s3://"):
        from capture_forwarder.local.quarantine import FolderQuarantine  # noqa: PLC0415

        return FolderQuarantine(Path(address))
    from capture_forwarder.aws.quarantine import S3Quarantine  # noqa: PLC0415

    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return S3Quarantine(make_client(), bucket, prefix)


def _text(address: str) -> str:
    if address.startswith("s3://"):
        from capture_forwarder.aws.texts import read_s3_text  # noqa: PLC0415

        return read_s3_text(_s3_client(), address)
    if address.startswith("ssm://"):
        from capture_forwarder.aws.clients import ssm_client  # noqa: PLC0415
        from capture_forwarder.aws.texts import read_parameter  # noqa: PLC0415

        return read_parameter(ssm_client(), address)
    from capture_forwarder.local.texts import read_file_text  # noqa: PLC0415

    return read_file_text(address)


def log_reporter() -> Reporter:
    """Make the reporter that writes JSON logs and metrics, as CloudWatch reads them."""
    from capture_forwarder.aws.reporting import SERVICE, LogReporter  # noqa: PLC0415

    return LogReporter(os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE)


def _continuations(settings: Settings) -> Continuations | None:
    if settings.queue_url is None:
        return None
    from capture_forwarder.aws.clients import sqs_client  # noqa: PLC0415
    from capture_forwarder.aws.continuations import SqsContinuations  # noqa: PLC0415

    return SqsContinuations(sqs_client, settings.queue_url, write_continuation)
