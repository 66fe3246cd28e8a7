"""OpenScale's settings → its publishers, and the way they log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from capture_forwarder.core.ports import Publisher
from capture_forwarder.settings.base import spellings
from capture_forwarder.settings.publishers import IAM, MCSP, OpenScaleSettings
from capture_forwarder.wiring import trust
from capture_forwarder.wiring.publishers.context import (
    PublisherContext,
    authorities_of,
    limits_of,
    secret_of,
)

if TYPE_CHECKING:
    from capture_forwarder.publishers.openscale.host import Host
    from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher
    from capture_forwarder.publishers.openscale.requests import Destination
    from capture_forwarder.publishers.openscale.tokens import Tokens


def for_rows(settings: OpenScaleSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a subscription's payloads."""
    return _publisher(settings, context)


def for_labels(settings: OpenScaleSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a subscription's feedback."""
    from capture_forwarder.publishers.openscale.labels import (  # noqa: PLC0415
        OpenScaleLabelPublisher,
    )

    return OpenScaleLabelPublisher(_publisher(settings, context))


def _publisher(settings: OpenScaleSettings, context: PublisherContext) -> OpenScalePublisher:
    from capture_forwarder.publishers.openscale.host import Host  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher  # noqa: PLC0415

    host = Host(settings.url, context.timeout, authorities_of(settings, context.in_route))
    return OpenScalePublisher(
        host,
        _tokens(settings, host, context),
        _destination(settings, labels=context.route.labels is not None),
        context.route.mapping.columns,
        context.clock,
        limits=limits_of(settings),
    )


def _tokens(settings: OpenScaleSettings, host: Host, context: PublisherContext) -> Tokens:
    """Make what logs in to an OpenScale, in the way that its settings name."""
    from capture_forwarder.publishers.openscale.host import Host  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.tokens import (  # noqa: PLC0415
        CloudPakTokens,
        IamTokens,
        McspTokens,
    )

    clock, in_route = context.clock, context.in_route
    if settings.auth == "cloud-pak":
        field: Literal["api_key", "password"] = "api_key"
        if any(getattr(settings, name) for name in spellings("password")):
            field = "password"
        secret = secret_of(settings, field, in_route)
        return CloudPakTokens(host, settings.username or "", secret, clock, field=field)
    secret = secret_of(settings, "api_key", in_route)
    # IBM's own addresses have certificates that all trust, whoever signed the service's.
    own = trust.authorities(None, "")
    if settings.auth == "mcsp":
        authorities = own if settings.mcsp_url == MCSP else host.authorities
        mcsp = Host(settings.mcsp_url, host.timeout, authorities)
        return McspTokens(mcsp, secret, clock, account_id=settings.account_id)
    authorities = own if settings.iam_url == IAM else host.authorities
    return IamTokens(Host(settings.iam_url, host.timeout, authorities), secret, clock)


def _destination(settings: OpenScaleSettings, *, labels: bool) -> Destination:
    from capture_forwarder.publishers.openscale.requests import (  # noqa: PLC0415
        DataSetRecords,
        ScoringPayloads,
    )
    from capture_forwarder.publishers.openscale.schema import FEEDBACK, PAYLOAD  # noqa: PLC0415

    kind = FEEDBACK if labels else PAYLOAD
    if settings.api == "v2":
        return DataSetRecords(
            settings.service_instance_id,
            settings.data_set_id,
            settings.subscription_id,
            settings.project_id,
            settings.space_id,
            confirm=settings.confirm,
            kind=kind,
        )
    return ScoringPayloads(
        settings.data_mart_id or "",
        settings.binding_id or "",
        settings.subscription_id or "",
        settings.deployment_id or "",
        kind,
    )
