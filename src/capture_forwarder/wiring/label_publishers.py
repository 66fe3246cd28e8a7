"""A route's settings → the publisher of its labels; only what the route names is imported."""

from __future__ import annotations

from typing import assert_never

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra, is_installed
from capture_forwarder.core.ports import Clock, Publisher
from capture_forwarder.settings import ONLY_ROUTE, RouteSettings
from capture_forwarder.settings.publishers import (
    ArthurSettings,
    DuckDbSettings,
    FiddlerSettings,
    FilesSettings,
    OpenScaleSettings,
)
from capture_forwarder.wiring.publishers import (
    authorities_of,
    limits_of,
    openscale,
    part_files,
    partner_app,
    secret_of,
)


def build_label_publisher(
    route: RouteSettings, timeout: float, clock: Clock, in_route: str | None
) -> Publisher:
    """Make the publisher of a route with labels; connects to nothing yet.

    Parameters
    ----------
    route
        The route.
    timeout
        Seconds to wait for an answer.
    clock
        Time.
    in_route
        The route's name, if it is one of a routes file.

    Raises
    ------
    MissingExtraError
        It needs something that is not installed.
    """
    publisher = route.publisher
    match publisher:
        case FiddlerSettings():
            return _fiddler(publisher, timeout, clock, in_route)
        case ArthurSettings():
            return _arthur(publisher, timeout, clock, in_route)
        case OpenScaleSettings():
            from capture_forwarder.publishers.openscale.labels import (  # noqa: PLC0415
                OpenScaleLabelPublisher,
            )

            return OpenScaleLabelPublisher(openscale(publisher, route, timeout, clock, in_route))
        case DuckDbSettings():
            from capture_forwarder.publishers.duckdb.labels import (  # noqa: PLC0415
                LocalLabelPublisher,
            )

            table = route.labels.inferences if route.labels else ONLY_ROUTE
            return LocalLabelPublisher(publisher.path, table)
        case FilesSettings():
            return _files(publisher, route)
        case _:
            assert_never(publisher)


def _fiddler(
    publisher: FiddlerSettings, timeout: float, clock: Clock, in_route: str | None
) -> Publisher:
    if not is_installed("fiddler"):
        raise MissingExtraError("Publishing to Fiddler", "fiddler-client", Extra.FIDDLER)
    from capture_forwarder.publishers.fiddler.labels import FiddlerLabelPublisher  # noqa: PLC0415

    return FiddlerLabelPublisher(
        publisher.url,
        secret_of(publisher, "token", in_route),
        publisher.model_uuid,
        timeout=timeout,
        clock=clock,
        authorities=authorities_of(publisher, in_route),
        sign=partner_app(publisher.partner_app_arn),
        limits=limits_of(publisher),
    )


def _arthur(
    publisher: ArthurSettings, timeout: float, clock: Clock, in_route: str | None
) -> Publisher:
    from capture_forwarder.publishers.arthur.labels import ArthurLabelPublisher  # noqa: PLC0415

    return ArthurLabelPublisher(
        publisher.host,
        secret_of(publisher, "access_token", in_route),
        publisher.model_id,
        timeout=timeout,
        clock=clock,
        organization_id=publisher.organization_id,
        authorities=authorities_of(publisher, in_route),
        limits=limits_of(publisher),
    )


def _files(publisher: FilesSettings, route: RouteSettings) -> Publisher:
    from capture_forwarder.publishers.files.labels import (  # noqa: PLC0415
        LABEL_TIME,
        FileLabelPublisher,
    )
    from capture_forwarder.publishers.files.publisher import KEY, FilePublisher  # noqa: PLC0415

    rows = FilePublisher(part_files(publisher.place), route.name, KEY, LABEL_TIME)
    return FileLabelPublisher(rows)
