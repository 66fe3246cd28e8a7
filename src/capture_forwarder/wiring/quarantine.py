"""An address → a quarantine's files; settings → the redrive of its entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import UsageError
from capture_forwarder.core.ports import Reporter
from capture_forwarder.core.ports.operator import QuarantineFiles
from capture_forwarder.forwarding.preparation import Preparation
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.quarantine.entries import read_files
from capture_forwarder.quarantine.entry_sender import EntrySender
from capture_forwarder.quarantine.redrive import Redrive, Selection
from capture_forwarder.settings import PublisherName, RouteSettings, Settings
from capture_forwarder.wiring.endpoint_tables import endpoint_tables
from capture_forwarder.wiring.forwarder import log_reporter, route_options
from capture_forwarder.wiring.labels import mapping_of
from capture_forwarder.wiring.publishers import build_publisher

_S3 = "s3://"


def open_quarantine(address: str) -> QuarantineFiles:
    """Open the files of a quarantine: a folder, or `s3://bucket/prefix`.

    Raises
    ------
    UsageError
        The address cannot be that of a quarantine.
    """
    if not address.startswith(_S3):
        from capture_forwarder.local.quarantine_files import FolderQuarantineFiles  # noqa: PLC0415

        return FolderQuarantineFiles(Path(address))
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.quarantine_files import S3QuarantineFiles  # noqa: PLC0415

    bucket, _, prefix = address.removeprefix(_S3).partition("/")
    if not bucket or not prefix.strip("/"):
        raise UsageError(f"{address} has no prefix.", "Write it as s3://bucket/prefix.")
    return S3QuarantineFiles(s3_client, bucket, prefix)


def build_redrive(
    routes: Sequence[RouteSettings],
    settings: Settings,
    files: QuarantineFiles,
    selection: Selection,
    reporter: Reporter | None = None,
) -> Redrive:
    """Build the redrive of a quarantine's entries.

    The environment's one route sends its own entries, or those of another route that `selection`
    names: one that no longer exists, or has a new name. To DuckDB it sends the entries of all
    endpoints, each into its table. With a routes file, each entry goes by the route with its name.

    Parameters
    ----------
    routes
        The present routes; see `routes_of`.
    settings
        The settings that all routes share.
    files
        The quarantine.
    selection
        Which entries to send.
    reporter
        Is warned of columns of the model that no setting fills; JSON logs by default.

    Raises
    ------
    UsageError
        The routes file has no route with the name that `selection` gives.
    ForwarderError
        The environment's one route cannot be used.
    """
    own = reporter or log_reporter()

    def sender_of(route: RouteSettings) -> EntrySender:
        return _build_sender(route, settings, own, dry_run=selection.dry_run)

    senders: dict[str, Callable[[], EntrySender]]
    if settings.routes_file is None:
        (route,) = routes
        if route.publisher_name is PublisherName.DUCKDB:
            names = {selection.route} if selection.route else _endpoints(files)
            tables = endpoint_tables(settings, routes, names)
            chosen = [one for one in tables if selection.route in {None, one.name}]
            senders = {one.name: partial(sender_of, one) for one in chosen}
        else:
            sender = sender_of(route)
            senders = {selection.route or route.name: lambda: sender}
    else:
        senders = {route.name: partial(sender_of, route) for route in routes}
        if selection.route is not None:
            if selection.route not in senders:
                problem = f"{settings.routes_file} has no route named {selection.route}"
                advice = "To send them without the file, give the mapping and publisher as options."
                raise UsageError(f"{problem}; its routes are: {', '.join(senders)}.", advice)
            senders = {selection.route: senders[selection.route]}
    return Redrive(files, senders, selection)


def _endpoints(files: QuarantineFiles) -> set[str]:
    """The endpoints whose entries went by a route of their name, as they do to DuckDB."""
    found = set()
    for file in read_files(files):
        for entry in (stored.entry for stored in file.entries):
            endpoint = CaptureFile(entry.bucket, entry.key).endpoint
            if endpoint is not None and endpoint == entry.route:
                found.add(endpoint)
    return found


def _build_sender(
    route: RouteSettings, settings: Settings, reporter: Reporter, *, dry_run: bool
) -> EntrySender:
    clock = SystemClock()
    publisher = build_publisher(route, settings, clock)
    retry_seconds = route_options(route, settings).retry_seconds
    own = reporter.on_route(route.name, route.publisher_name.value)
    preparation = Preparation(mapping_of(route, settings), publisher, clock, retry_seconds, own)
    preparation.parser()  # a route that cannot be used fails now, not at its first entry
    sender = BatchSender(publisher, clock, retry_seconds=retry_seconds)
    return EntrySender(preparation, publisher, sender, dry_run=dry_run)
