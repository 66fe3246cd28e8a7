"""Fiddler's settings → its publishers."""

from __future__ import annotations

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra, is_installed
from capture_forwarder.core.ports import Publisher
from capture_forwarder.settings.publishers import FiddlerSettings
from capture_forwarder.wiring.publishers.context import (
    PublisherContext,
    authorities_of,
    limits_of,
    partner_app,
    secret_of,
)


def for_rows(settings: FiddlerSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a model's events.

    Raises
    ------
    MissingExtraError
        Fiddler's client is not installed.
    """
    _check_installed()
    from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher  # noqa: PLC0415

    return FiddlerPublisher(
        settings.url,
        secret_of(settings, "token", context.in_route),
        settings.model_uuid,
        timeout=context.timeout,
        clock=context.clock,
        mapping=context.route.mapping.columns,
        time_unit=settings.time_unit,
        authorities=authorities_of(settings, context.in_route),
        sign=partner_app(settings.partner_app_arn),
        limits=limits_of(settings),
    )


def for_labels(settings: FiddlerSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a model's labels; raises as `for_rows` does."""
    _check_installed()
    from capture_forwarder.publishers.fiddler.labels import FiddlerLabelPublisher  # noqa: PLC0415

    return FiddlerLabelPublisher(
        settings.url,
        secret_of(settings, "token", context.in_route),
        settings.model_uuid,
        timeout=context.timeout,
        clock=context.clock,
        authorities=authorities_of(settings, context.in_route),
        sign=partner_app(settings.partner_app_arn),
        limits=limits_of(settings),
    )


def _check_installed() -> None:
    # Its import takes longer than all else and is left to the first connection.
    if not is_installed("fiddler"):
        raise MissingExtraError("Publishing to Fiddler", "fiddler-client", Extra.FIDDLER)
