"""A route → whether its columns fit the platform's model, asked with an operator's rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import SecretStr

from capture_forwarder.core.errors import ForwarderError, PublisherMisconfiguredError
from capture_forwarder.core.ports import Reporter
from capture_forwarder.forwarding.preparation import Preparation
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.settings import RouteSettings, Settings
from capture_forwarder.settings.base import HttpSettings, spellings
from capture_forwarder.settings.otlp import OtlpSettings
from capture_forwarder.wiring.publishers import build_publisher

if TYPE_CHECKING:
    from capture_forwarder.aws.operator.calls import AwsCalls


class Fit(StrEnum):
    """Whether a route's columns fit the platform's model."""

    FITS = "fits"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    NO_MODEL = "no model"


@dataclass(frozen=True)
class PlatformCheck:
    """What a platform says of a route, in words where it does not fit or nobody knows."""

    fit: Fit
    says: str = ""
    todo: str = ""


def check_with_platform(
    route: RouteSettings, account: Callable[[], AwsCalls], reporter: Reporter
) -> PlatformCheck:
    """Log in, read the model's schema and compare the columns with it; sends nothing.

    Parameters
    ----------
    route
        The route.
    account
        Opens AWS, which has the platform's secret.
    reporter
        Is warned of columns of the model that nothing fills.
    """
    # A backend of traces knows no model.
    if not isinstance(route.publisher, HttpSettings) or isinstance(route.publisher, OtlpSettings):
        return PlatformCheck(Fit.NO_MODEL)
    clock = SystemClock()
    try:
        known = _with_secrets(route, account)
        publisher = build_publisher(known, Settings(routes_file="routes.yaml"), clock)
        Preparation(route.columns, publisher, clock, 0.0, reporter).parser()
    except PublisherMisconfiguredError as error:
        return PlatformCheck(Fit.DIFFERS, error.message, error.advice)
    except ForwarderError as error:
        return PlatformCheck(Fit.UNKNOWN, error.message, error.advice)
    return PlatformCheck(Fit.FITS)


def _with_secrets(route: RouteSettings, account: Callable[[], AwsCalls]) -> RouteSettings:
    """Read the secrets with an operator's rights, since the function's are not at hand."""
    from capture_forwarder.aws.secrets import (  # noqa: PLC0415 - botocore takes its time
        parameter_secret,
        secrets_manager_secret,
    )

    read: dict[str, object] = {}
    for field in type(route.publisher).secrets:
        plain, by_arn, by_name = spellings(field)
        arn, name = (getattr(route.publisher, one) for one in (by_arn, by_name))
        if arn:
            text = secrets_manager_secret(by_arn, arn, lambda: account().client("secretsmanager"))
        elif name:
            text = parameter_secret(by_name, name, lambda: account().client("ssm"))
        else:
            continue
        read |= {plain: SecretStr(text.value()), by_arn: None, by_name: None}
    return route.model_copy(update={"publisher": route.publisher.model_copy(update=read)})
