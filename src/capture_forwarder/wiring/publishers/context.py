"""What every publisher is made of: its route, time, and its secrets and limits as settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from pydantic import SecretStr

from capture_forwarder.core.ports import Clock, Secret, SignRequest
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.settings import RouteSettings
from capture_forwarder.settings.base import HttpSettings, PublisherSettings, spellings
from capture_forwarder.wiring import trust

if TYPE_CHECKING:
    from capture_forwarder.publishers.http import RequestLimits


class PublisherContext(msgspec.Struct, frozen=True):
    """What a publisher is made of besides its own settings.

    Parameters
    ----------
    route
        The route that it publishes.
    timeout
        Seconds to wait for an answer.
    clock
        Time.
    in_route
        The route's name, if it is one of a routes file; None for variables.
    """

    route: RouteSettings
    timeout: float
    clock: Clock
    in_route: str | None


def authorities_of(publisher: HttpSettings, in_route: str | None) -> str | None:
    """The certificate authorities that a publisher trusts; None for the usual ones."""
    return trust.authorities(publisher.ca_file, _setting(publisher, "ca_file", in_route))


def limits_of(publisher: HttpSettings) -> RequestLimits:
    """The most that one request of a publisher may hold, as far as its settings say."""
    from capture_forwarder.publishers.http import RequestLimits  # noqa: PLC0415

    return RequestLimits(publisher.batch_rows, publisher.batch_bytes)


def partner_app(arn: str | None) -> SignRequest | None:
    """Make what signs requests to a SageMaker partner app, where a platform is one."""
    if arn is None:
        return None
    from capture_forwarder.aws.partner_app import PartnerAppAuth  # noqa: PLC0415

    return PartnerAppAuth(arn)


def secret_of(publisher: PublisherSettings, field: str, in_route: str | None) -> Secret:
    """Make the secret that a publisher's settings give in one of three spellings.

    Parameters
    ----------
    publisher
        The settings, which give it.
    field
        Its name there.
    in_route
        The route of a routes file that they are in; None for variables.
    """
    plain, arn, parameter = (getattr(publisher, name) for name in spellings(field))
    if isinstance(plain, SecretStr):
        return FixedSecret(plain.get_secret_value())
    from capture_forwarder.aws.clients import secrets_client, ssm_client  # noqa: PLC0415
    from capture_forwarder.aws.secrets import (  # noqa: PLC0415
        parameter_secret,
        secrets_manager_secret,
    )

    names = [_setting(publisher, name, in_route) for name in spellings(field)]
    if arn:
        return secrets_manager_secret(names[1], arn, secrets_client)
    return parameter_secret(names[2], parameter, ssm_client)


def _setting(publisher: PublisherSettings, field: str, in_route: str | None) -> str:
    """What the writer of a setting calls it: a variable, or a key in the routes file."""
    if in_route is not None:
        return f"route {in_route}, publisher.{field}"
    return f"{publisher.__class__.__name__.removesuffix('Settings').upper()}_{field.upper()}"
