"""Which publisher a route names. Only that one is imported, and only when it is made."""

from __future__ import annotations

from typing import assert_never

from capture_forwarder.core.ports import Clock, Publisher
from capture_forwarder.settings import RouteSettings, Settings
from capture_forwarder.settings.otlp import OtlpSettings
from capture_forwarder.settings.publishers import (
    ArthurSettings,
    DuckDbSettings,
    FiddlerSettings,
    FilesSettings,
    OpenScaleSettings,
)
from capture_forwarder.wiring.in_routes_file import InRoutesFile
from capture_forwarder.wiring.publishers import arthur, duckdb, fiddler, files, openscale, otlp
from capture_forwarder.wiring.publishers.context import PublisherContext


def build_publisher(route: RouteSettings, settings: Settings, clock: Clock) -> Publisher:
    """Make the publisher of a route, or of its labels; connects to nothing yet.

    Raises
    ------
    MissingExtraError
        It needs something that is not installed.
    """
    in_route = None if settings.routes_file is None else route.name
    publisher = _build(
        PublisherContext(route, settings.request_timeout_seconds, clock, in_route),
        labels=route.labels is not None,
    )
    # What a publisher advises names variables, which whoever writes a routes file does not have.
    return publisher if in_route is None else InRoutesFile(publisher, in_route)


def _build(context: PublisherContext, *, labels: bool) -> Publisher:
    settings = context.route.publisher
    match settings:
        case FiddlerSettings():
            return (fiddler.for_labels if labels else fiddler.for_rows)(settings, context)
        case ArthurSettings():
            return (arthur.for_labels if labels else arthur.for_rows)(settings, context)
        case OpenScaleSettings():
            return (openscale.for_labels if labels else openscale.for_rows)(settings, context)
        case DuckDbSettings():
            return (duckdb.for_labels if labels else duckdb.for_rows)(settings, context)
        case FilesSettings():
            return (files.for_labels if labels else files.for_rows)(settings, context)
        case OtlpSettings():
            return (otlp.for_labels if labels else otlp.for_rows)(settings, context)
        case _:
            assert_never(settings)
