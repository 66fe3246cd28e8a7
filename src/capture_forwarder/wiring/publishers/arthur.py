"""Arthur's settings → its publishers."""

from __future__ import annotations

from capture_forwarder.core.ports import Publisher
from capture_forwarder.settings.publishers import ArthurSettings
from capture_forwarder.wiring.publishers.context import (
    PublisherContext,
    authorities_of,
    limits_of,
    secret_of,
)


def for_rows(settings: ArthurSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a model's inferences."""
    from capture_forwarder.publishers.arthur.publisher import ArthurPublisher  # noqa: PLC0415

    return ArthurPublisher(
        settings.host,
        secret_of(settings, "access_token", context.in_route),
        settings.model_id,
        timeout=context.timeout,
        mapping=context.route.mapping.columns,
        organization_id=settings.organization_id,
        authorities=authorities_of(settings, context.in_route),
        limits=limits_of(settings),
    )


def for_labels(settings: ArthurSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a model's ground truth."""
    from capture_forwarder.publishers.arthur.labels import ArthurLabelPublisher  # noqa: PLC0415

    return ArthurLabelPublisher(
        settings.host,
        secret_of(settings, "access_token", context.in_route),
        settings.model_id,
        timeout=context.timeout,
        clock=context.clock,
        organization_id=settings.organization_id,
        authorities=authorities_of(settings, context.in_route),
        limits=limits_of(settings),
    )
