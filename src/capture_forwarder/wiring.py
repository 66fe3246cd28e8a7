"""Settings → a forwarder with everything it needs. What one run does not use is not imported."""

from __future__ import annotations

import os
from pathlib import Path

from capture_forwarder.clock import SystemClock
from capture_forwarder.errors import SettingsError
from capture_forwarder.forwarder import Forwarder, Route
from capture_forwarder.ports import (
    Clock,
    Continuations,
    Ledger,
    ObjectStore,
    Publisher,
    Quarantine,
    Reporter,
    Secret,
)
from capture_forwarder.secret import FixedSecret
from capture_forwarder.settings import PublisherName, Settings
from capture_forwarder.terms import Ports, Terms

ROUTE = "captures"
"""The name of the one route that the environment describes."""


def build_forwarder(
    settings: Settings, *, store: ObjectStore | None = None, reporter: Reporter | None = None
) -> Forwarder:
    """Put a forwarder together; connects to nothing yet.

    Parameters
    ----------
    settings
        Validated settings.
    store
        Where objects lie; S3 by default.
    reporter
        Who is told of the work; JSON logs and metrics by default.
    """
    clock = SystemClock()
    ports = Ports(
        store=store or _s3_store(),
        publisher=build_publisher(settings, clock),
        quarantine=build_quarantine(settings),
        clock=clock,
        ledger=build_ledger(settings, clock),
    )
    # Waiting does not free a file that another program holds open: it is told at once.
    local = settings.FORWARDER_PUBLISHER is PublisherName.DUCKDB
    terms = Terms(
        ROUTE,
        settings.FORWARDER_MAX_LINE_BYTES,
        settings.FORWARDER_REQUESTS_IN_FLIGHT,
        0.0 if local else settings.FORWARDER_RETRY_SECONDS,
        settings.FORWARDER_LEASE_SECONDS,
    )
    route = Route(settings.mapping, terms)
    reporter = reporter or _log_reporter(settings)
    return Forwarder(route, ports, reporter, _continuations(settings))


def build_publisher(settings: Settings, clock: Clock) -> Publisher:
    """Make the publisher that the settings name.

    Raises
    ------
    SettingsError
        It needs something that is not installed.
    """
    if settings.FORWARDER_PUBLISHER is PublisherName.DUCKDB:
        from capture_forwarder.publishers.local import KEY, TIME, LocalPublisher  # noqa: PLC0415

        key = settings.FORWARDER_EVENT_ID_COLUMN or KEY
        time = settings.mapping.timestamp or TIME
        return LocalPublisher(settings.FORWARDER_DUCKDB_PATH, ROUTE, key, time)
    from capture_forwarder.publishers.fiddler import FiddlerPublisher  # noqa: PLC0415

    if settings.FIDDLER_URL is None or settings.FIDDLER_MODEL_UUID is None:
        raise SettingsError(["FIDDLER_URL and FIDDLER_MODEL_UUID are needed"])
    return FiddlerPublisher(
        settings.FIDDLER_URL,
        _fiddler_token(settings),
        settings.FIDDLER_MODEL_UUID,
        timeout=settings.FORWARDER_REQUEST_TIMEOUT_SECONDS,
        clock=clock,
    )


def build_ledger(settings: Settings, clock: Clock) -> Ledger | None:
    """Make the ledger that the settings name; None if they name none."""
    place = settings.FORWARDER_LEDGER
    if place is None:
        return None
    if not place.startswith("dynamodb://"):
        from capture_forwarder.sqlite_ledger import SqliteLedger  # noqa: PLC0415

        return SqliteLedger(Path(place), clock)
    from capture_forwarder.aws.clients import dynamodb_client  # noqa: PLC0415
    from capture_forwarder.aws.dynamodb_ledger import DynamoDbLedger  # noqa: PLC0415

    return DynamoDbLedger(dynamodb_client(), place.removeprefix("dynamodb://"), clock)


def build_quarantine(settings: Settings) -> Quarantine | None:
    """Make the quarantine that the settings name; None if they name none."""
    place = settings.FORWARDER_QUARANTINE
    if place is None:
        return None
    if not place.startswith("s3://"):
        from capture_forwarder.quarantine import FolderQuarantine  # noqa: PLC0415

        return FolderQuarantine(Path(place))
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.s3_quarantine import S3Quarantine  # noqa: PLC0415

    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return S3Quarantine(s3_client(), bucket, prefix)


def _log_reporter(settings: Settings) -> Reporter:
    from capture_forwarder.reporting import SERVICE, LogReporter  # noqa: PLC0415

    service = os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE
    return LogReporter(ROUTE, settings.FORWARDER_PUBLISHER.value, service)


def _continuations(settings: Settings) -> Continuations | None:
    if settings.FORWARDER_QUEUE_URL is None:
        return None
    from capture_forwarder.aws.clients import sqs_client  # noqa: PLC0415
    from capture_forwarder.aws.sqs import SqsContinuations  # noqa: PLC0415

    return SqsContinuations(sqs_client(), settings.FORWARDER_QUEUE_URL)


def _s3_store() -> ObjectStore:
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.s3_store import S3ObjectStore  # noqa: PLC0415

    return S3ObjectStore(s3_client())


def _fiddler_token(settings: Settings) -> Secret:
    from capture_forwarder.aws.clients import secrets_client, ssm_client  # noqa: PLC0415
    from capture_forwarder.aws.secrets import (  # noqa: PLC0415
        parameter_secret,
        secrets_manager_secret,
    )

    if arn := settings.FIDDLER_TOKEN_SECRET_ARN:
        return secrets_manager_secret("FIDDLER_TOKEN_SECRET_ARN", arn, secrets_client)
    if name := settings.FIDDLER_TOKEN_PARAMETER:
        return parameter_secret("FIDDLER_TOKEN_PARAMETER", name, ssm_client)
    token = settings.FIDDLER_TOKEN
    return FixedSecret(token.get_secret_value() if token else "")
