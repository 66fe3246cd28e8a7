"""A route's settings → its publisher. Only the platform that a route names is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_never

from pydantic import SecretStr

from capture_forwarder.core.ports import Clock, Publisher, Secret
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.settings import ONLY_ROUTE, RouteSettings, Settings
from capture_forwarder.settings.platforms import (
    IAM,
    MCSP,
    ArthurSettings,
    DuckDbSettings,
    FiddlerSettings,
    FilesSettings,
    HttpPlatform,
    OpenScaleSettings,
    Platform,
    spellings,
)
from capture_forwarder.wiring import trust

if TYPE_CHECKING:
    from capture_forwarder.publishers.fiddler.connection import Sign
    from capture_forwarder.publishers.http import RequestLimits
    from capture_forwarder.publishers.openscale.host import Host
    from capture_forwarder.publishers.openscale.kept_token import Tokens
    from capture_forwarder.publishers.openscale.requests import Destination


def build_publisher(route: RouteSettings, settings: Settings, clock: Clock) -> Publisher:
    """Make the publisher of a route; connects to nothing yet.

    Raises
    ------
    SettingsError
        It needs something that is not installed.
    """
    platform = route.publisher
    timeout = settings.request_timeout_seconds
    match platform:
        case FiddlerSettings():
            return _fiddler(platform, route, timeout, clock)
        case ArthurSettings():
            return _arthur(platform, route, timeout)
        case OpenScaleSettings():
            return _openscale(platform, route, timeout, clock)
        case DuckDbSettings():
            return _duckdb(platform, route)
        case FilesSettings():
            return _files(platform, route)
        case _:
            assert_never(platform)


def _fiddler(
    platform: FiddlerSettings, route: RouteSettings, timeout: float, clock: Clock
) -> Publisher:
    from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher  # noqa: PLC0415

    return FiddlerPublisher(
        platform.url,
        _secret(platform, "token", route.name),
        platform.model_uuid,
        timeout=timeout,
        clock=clock,
        mapping=route.mapping.columns,
        time_unit=platform.time_unit,
        authorities=_authorities(platform, route.name),
        sign=_partner_app(platform.partner_app_arn),
        limits=_limits(platform),
    )


def _partner_app(arn: str | None) -> Sign | None:
    if arn is None:
        return None
    from capture_forwarder.aws.partner_app import PartnerAppAuth  # noqa: PLC0415

    return PartnerAppAuth(arn)


def _arthur(platform: ArthurSettings, route: RouteSettings, timeout: float) -> Publisher:
    from capture_forwarder.publishers.arthur.publisher import ArthurPublisher  # noqa: PLC0415

    return ArthurPublisher(
        platform.host,
        _secret(platform, "access_token", route.name),
        platform.model_id,
        timeout=timeout,
        mapping=route.mapping.columns,
        organization_id=platform.organization_id,
        authorities=_authorities(platform, route.name),
        limits=_limits(platform),
    )


def _openscale(
    platform: OpenScaleSettings, route: RouteSettings, timeout: float, clock: Clock
) -> Publisher:
    from capture_forwarder.publishers.openscale.host import Host  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher  # noqa: PLC0415

    authorities = _authorities(platform, route.name)
    host = Host(platform.url, timeout, authorities)
    tokens = _ibm_tokens(platform, host, clock, route.name)
    destination = _destination(platform)
    columns, limits = route.mapping.columns, _limits(platform)
    return OpenScalePublisher(host, tokens, destination, columns, clock, limits=limits)


def _ibm_tokens(platform: OpenScaleSettings, host: Host, clock: Clock, route: str) -> Tokens:
    from capture_forwarder.publishers.openscale.host import Host  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.tokens import (  # noqa: PLC0415
        CloudPakTokens,
        IamTokens,
        McspTokens,
    )

    if platform.auth == "cloud-pak":
        field: Literal["api_key", "password"] = "api_key"
        if any(getattr(platform, name) for name in spellings("password")):
            field = "password"
        secret = _secret(platform, field, route)
        return CloudPakTokens(host, platform.username or "", secret, clock, field=field)
    secret = _secret(platform, "api_key", route)
    # IBM's own addresses have certificates that all trust, whoever signed the service's.
    own = trust.authorities(None, "")
    if platform.auth == "mcsp":
        authorities = own if platform.mcsp_url == MCSP else host.authorities
        mcsp = Host(platform.mcsp_url, host.timeout, authorities)
        return McspTokens(mcsp, secret, clock, account_id=platform.account_id)
    authorities = own if platform.iam_url == IAM else host.authorities
    return IamTokens(Host(platform.iam_url, host.timeout, authorities), secret, clock)


def _destination(platform: OpenScaleSettings) -> Destination:
    from capture_forwarder.publishers.openscale.requests import (  # noqa: PLC0415
        DataSetRecords,
        ScoringPayloads,
    )

    if platform.api == "v2":
        return DataSetRecords(
            platform.service_instance_id,
            platform.data_set_id,
            platform.subscription_id,
            platform.project_id,
            platform.space_id,
            confirm=platform.confirm,
        )
    return ScoringPayloads(
        platform.data_mart_id or "",
        platform.binding_id or "",
        platform.subscription_id or "",
        platform.deployment_id or "",
    )


def _duckdb(platform: DuckDbSettings, route: RouteSettings) -> Publisher:
    from capture_forwarder.publishers.duckdb.publisher import KEY, TIME, LocalPublisher  # noqa: PLC0415

    mapping = route.mapping
    return LocalPublisher(
        platform.path, route.name, mapping.event_id or KEY, mapping.timestamp or TIME
    )


def _files(platform: FilesSettings, route: RouteSettings) -> Publisher:
    from capture_forwarder.publishers.files.publisher import (  # noqa: PLC0415
        KEY,
        TIME,
        FilePublisher,
        FolderFiles,
        PartFiles,
    )

    files: PartFiles = FolderFiles(Path(platform.place))
    if platform.place.startswith("s3://"):
        from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
        from capture_forwarder.aws.parts import S3Files  # noqa: PLC0415

        bucket, _, prefix = platform.place.removeprefix("s3://").partition("/")
        files = S3Files(s3_client(), bucket, prefix)
    mapping = route.mapping
    return FilePublisher(files, route.name, mapping.event_id or KEY, mapping.timestamp or TIME)


def _authorities(platform: HttpPlatform, route: str) -> str | None:
    return trust.authorities(platform.ca_file, _setting(platform, "ca_file", route))


def _limits(platform: HttpPlatform) -> RequestLimits:
    from capture_forwarder.publishers.http import RequestLimits  # noqa: PLC0415

    return RequestLimits(platform.batch_rows, platform.batch_bytes)


def _setting(platform: Platform, field: str, route: str) -> str:
    """What the writer of a setting calls it: a variable, or a key in the routes file."""
    if route != ONLY_ROUTE:
        return f"route {route}, publisher.{field}"
    return f"{platform.__class__.__name__.removesuffix('Settings').upper()}_{field.upper()}"


def _secret(platform: Platform, field: str, route: str) -> Secret:
    """The secret that a platform's settings give in one of three spellings."""
    plain, arn, parameter = (getattr(platform, name) for name in spellings(field))
    if isinstance(plain, SecretStr):
        return FixedSecret(plain.get_secret_value())
    from capture_forwarder.aws.clients import secrets_client, ssm_client  # noqa: PLC0415
    from capture_forwarder.aws.secrets import (  # noqa: PLC0415
        parameter_secret,
        secrets_manager_secret,
    )

    names = [_setting(platform, name, route) for name in spellings(field)]
    if arn:
        return secrets_manager_secret(names[1], arn, secrets_client)
    return parameter_secret(names[2], parameter, ssm_client)
