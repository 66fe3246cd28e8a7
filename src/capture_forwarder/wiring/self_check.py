"""The function's try of all that it needs, under its own role and in its own network.

It forwards nothing, writes nothing, and answers without any secret or row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import ForwarderError, SettingsError, UnexpectedError
from capture_forwarder.core.ports import ObjectStore
from capture_forwarder.forwarding.preparation import Preparation
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.settings import RouteSettings, Settings, load
from capture_forwarder.settings.base import spellings
from capture_forwarder.wiring.forwarder import log_reporter, read_routes
from capture_forwarder.wiring.publishers import build_publisher
from capture_forwarder.wiring.publishers.context import secret_of

Try = tuple[str, Callable[[], object]]
"""What is tried, and how; it raises an error where that fails."""


def check_function(capture_file: CaptureFile | None = None) -> dict[str, object]:
    """Try settings, secrets, platforms, columns, ledger, quarantine, queue, and a capture file.

    Parameters
    ----------
    capture_file
        A file to open, of which nothing is read; None for none.

    Returns
    -------
    dict
        `checks`: for each part its name, whether it is `ok` and, if not, `problem` and `advice`.
    """
    try:
        settings = load()
        routes = read_routes(settings)
    except SettingsError as error:
        return {"checks": [_failed("settings", error)]}
    return {
        "checks": [_tried(part, attempt) for part, attempt in _all(settings, routes, capture_file)]
    }


def _tried(part: str, attempt: Callable[[], object]) -> dict[str, object]:
    try:
        attempt()
    except ForwarderError as error:
        return _failed(part, error)
    except Exception as error:  # noqa: BLE001 - one part that fails must not hide the others
        return _failed(part, UnexpectedError(part, error))
    return {"part": part, "ok": True}


def _failed(part: str, error: ForwarderError) -> dict[str, object]:
    return {"part": part, "ok": False, "problem": error.message, "advice": error.advice}


def _all(
    settings: Settings, routes: tuple[RouteSettings, ...], capture_file: CaptureFile | None
) -> Iterator[Try]:
    for route in routes:
        yield from _secrets(route, settings)
        yield f"platform and columns of route {route.name}", partial(_prepare, route, settings)
    yield from _of_aws(settings)
    if capture_file is not None:
        yield f"{capture_file}", partial(_open, capture_file)


def _secrets(route: RouteSettings, settings: Settings) -> Iterator[Try]:
    in_route = None if settings.routes_file is None else route.name
    for field in type(route.publisher).secrets:
        if any(getattr(route.publisher, name) for name in spellings(field)):
            secret = secret_of(route.publisher, field, in_route)
            yield f"{field} of route {route.name}", partial(secret.value, fresh=True)


def _prepare(route: RouteSettings, settings: Settings) -> None:
    """Log in, read the model's schema and compare the columns with it."""
    clock = SystemClock()
    publisher = build_publisher(route, settings, clock)
    reporter = log_reporter().on_route(route.name, route.publisher_name.value)
    # One try: who asks waits for the answer.
    Preparation(route.columns, publisher, clock, 0.0, reporter).parser()


def _of_aws(settings: Settings) -> Iterator[Try]:
    from capture_forwarder.aws import clients, probes  # noqa: PLC0415 - botocore takes its time

    if settings.ledger is not None and settings.ledger.startswith("dynamodb://"):
        table = settings.ledger.removeprefix("dynamodb://")
        yield "ledger", lambda: probes.try_ledger(clients.dynamodb_client(), table)
    if settings.quarantine is not None and settings.quarantine.startswith("s3://"):
        bucket, _, prefix = settings.quarantine.removeprefix("s3://").partition("/")
        yield "quarantine", lambda: probes.try_quarantine(clients.s3_client(), bucket, prefix)
    if (url := settings.queue_url) is not None:
        yield "queue", lambda: probes.try_queue(clients.sqs_client(), url)


def _open(capture_file: CaptureFile) -> None:
    with _store().open(capture_file):
        pass


def _store() -> ObjectStore:
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.objects import S3ObjectStore  # noqa: PLC0415

    return S3ObjectStore(s3_client())
