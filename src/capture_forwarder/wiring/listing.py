"""The function's settings → what announces capture files to the function itself."""

from __future__ import annotations

import os

from capture_forwarder.backfill.detached import Bounds, DetachedBackfill
from capture_forwarder.backfill.selection import Takes
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import SettingsError
from capture_forwarder.core.ports import Clock, Lister
from capture_forwarder.forwarding.forwarder import Router
from capture_forwarder.settings import Settings
from capture_forwarder.triggers import write_continuation, write_list_request


def build_lister(settings: Settings, router: Router, clock: Clock) -> Lister:
    """Put together what works off requests for listings.

    Parameters
    ----------
    settings
        Validated settings.
    router
        Says which routes a file takes.
    clock
        Time.

    Raises
    ------
    SettingsError
        The settings say neither where captures are nor which queue is the function's own.
    """
    from capture_forwarder.aws.announcing import SqsAnnouncing  # noqa: PLC0415
    from capture_forwarder.aws.clients import s3_client, sqs_client  # noqa: PLC0415
    from capture_forwarder.aws.pages import S3Pages  # noqa: PLC0415
    from capture_forwarder.aws.reporting import SERVICE, LogReporter  # noqa: PLC0415
    from capture_forwarder.wiring.forwarder import build_ledger  # noqa: PLC0415

    ledger = build_ledger(settings, clock)
    if settings.queue_url is None or ledger is None or not settings.capture_buckets:
        needed = "FORWARDER_CAPTURE_BUCKETS, FORWARDER_QUEUE_URL, FORWARDER_LEDGER"
        where = "where a message asks for a listing; the template sets them"
        raise SettingsError([f"{needed}: all are needed {where}"])

    def takes(route: str) -> Takes:
        def taken(file: CaptureFile) -> bool:
            return any(one.name == route for one in router.routes(file))

        return taken

    return DetachedBackfill(
        S3Pages(s3_client, quote=False),
        SqsAnnouncing(sqs_client, settings.queue_url, quote=False),
        ledger,
        clock,
        LogReporter(os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE),
        bounds=Bounds(settings.capture_buckets, settings.capture_prefix),
        takes=takes,
        write=lambda file, routes: write_continuation(file, 0, routes),
        write_request=write_list_request,
        lease_seconds=settings.lease_seconds,
    )
