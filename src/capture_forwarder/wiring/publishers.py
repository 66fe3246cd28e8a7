"""A route's settings → its publisher. Only the publisher that a route names is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_never

from pydantic import SecretStr

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra, is_installed
from capture_forwarder.core.ports import Clock, PartFiles, Publisher, Secret, SignRequest
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.settings import RouteSettings, Settings
from capture_forwarder.settings.publishers import (
    IAM,
    MCSP,
    ArthurSettings,
    DuckDbSettings,
    FiddlerSettings,
    FilesSettings,
    HttpSettings,
    OpenScaleSettings,
    PublisherSettings,
    spellings,
)
from capture_forwarder.wiring import trust
from capture_forwarder.wiring.in_routes_file import InRoutesFile

if TYPE_CHECKING:
    from capture_forwarder.publishers.http import RequestLimits
    from capture_forwarder.publishers.openscale.host import Host
    from capture_forwarder.publishers.openscale.requests import Destination
    from capture_forwarder.publishers.openscale.tokens import Tokens


def build_publisher(route: RouteSettings, settings: Settings, clock: Clock) -> Publisher:
    """Make the publisher of a route; connects to nothing yet.

    Raises
    ------
    MissingExtraError
        It needs something that is not installed.
    """
    if settings.routes_file is None:
        return _build(route, settings, clock)
    # What a publisher advises names variables, which whoever writes a routes file does not have.
    return InRoutesFile(_build(route, settings, clock, in_route=route.name), route.name)


def _build(
    route: RouteSettings, settings: Settings, clock: Clock, *, in_route: str | None = None
) -> Publisher:
    publisher = route.publisher
    timeout = settings.request_timeout_seconds
    match publisher:
        case FiddlerSettings():
            return _fiddler(publisher, route, timeout, clock, in_route)
        case ArthurSettings():
            return _arthur(publisher, route, timeout, in_route)
        case OpenScaleSettings():
            return _openscale(publisher, route, timeout, clock, in_route)
        case DuckDbSettings():
            return _duckdb(publisher, route)
        case FilesSettings():
            return _files(publisher, route)
        case _:
            assert_never(publisher)


def _fiddler(
    publisher: FiddlerSettings,
    route: RouteSettings,
    timeout: float,
    clock: Clock,
    in_route: str | None,
) -> Publisher:
    # Its import takes longer than all else and is left to the first connection.
    if not is_installed("fiddler"):
        raise MissingExtraError("Publishing to Fiddler", "fiddler-client", Extra.FIDDLER)
    from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher  # noqa: PLC0415

    return FiddlerPublisher(
        publisher.url,
        _secret(publisher, "token", in_route),
        publisher.model_uuid,
        timeout=timeout,
        clock=clock,
        mapping=route.mapping.columns,
        time_unit=publisher.time_unit,
        authorities=_authorities(publisher, in_route),
        sign=_partner_app(publisher.partner_app_arn),
        limits=_limits(publisher),
    )


def _partner_app(arn: str | None) -> SignRequest | None:
    if arn is None:
        return None
    from capture_forwarder.aws.partner_app import PartnerAppAuth  # noqa: PLC0415

    return PartnerAppAuth(arn)


def _arthur(
    publisher: ArthurSettings, route: RouteSettings, timeout: float, in_route: str | None
) -> Publisher:
    from capture_forwarder.publishers.arthur.publisher import ArthurPublisher  # noqa: PLC0415

    return ArthurPublisher(
        publisher.host,
        _secret(publisher, "access_token", in_route),
        publisher.model_id,
        timeout=timeout,
        mapping=route.mapping.columns,
        organization_id=publisher.organization_id,
        authorities=_authorities(publisher, in_route),
        limits=_limits(publisher),
    )


def _openscale(
    publisher: OpenScaleSettings,
    route: RouteSettings,
    timeout: float,
    clock: Clock,
    in_route: str | None,
) -> Publisher:
    from capture_forwarder.publishers.openscale.host import Host  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher  # noqa: PLC0415

    authorities = _authorities(publisher, in_route)
    host = Host(publisher.url, timeout, authorities)
    tokens = _ibm_tokens(publisher, host, clock, in_route)
    destination = _destination(publisher)
    columns, limits = route.mapping.columns, _limits(publisher)
    return OpenScalePublisher(host, tokens, destination, columns, clock, limits=limits)


def _ibm_tokens(
    publisher: OpenScaleSettings, host: Host, clock: Clock, in_route: str | None
) -> Tokens:
    from capture_forwarder.publishers.openscale.host import Host  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.tokens import (  # noqa: PLC0415
        CloudPakTokens,
        IamTokens,
        McspTokens,
    )

    if publisher.auth == "cloud-pak":
        field: Literal["api_key", "password"] = "api_key"
        if any(getattr(publisher, name) for name in spellings("password")):
            field = "password"
        secret = _secret(publisher, field, in_route)
        return CloudPakTokens(host, publisher.username or "", secret, clock, field=field)
    secret = _secret(publisher, "api_key", in_route)
    # IBM's own addresses have certificates that all trust, whoever signed the service's.
    own = trust.authorities(None, "")
    if publisher.auth == "mcsp":
        authorities = own if publisher.mcsp_url == MCSP else host.authorities
        mcsp = Host(publisher.mcsp_url, host.timeout, authorities)
        return McspTokens(mcsp, secret, clock, account_id=publisher.account_id)
    authorities = own if publisher.iam_url == IAM else host.authorities
    return IamTokens(Host(publisher.iam_url, host.timeout, authorities), secret, clock)


def _destination(publisher: OpenScaleSettings) -> Destination:
    from capture_forwarder.publishers.openscale.requests import (  # noqa: PLC0415
        DataSetRecords,
        ScoringPayloads,
    )

    if publisher.api == "v2":
        return DataSetRecords(
            publisher.service_instance_id,
            publisher.data_set_id,
            publisher.subscription_id,
            publisher.project_id,
            publisher.space_id,
            confirm=publisher.confirm,
        )
    return ScoringPayloads(
        publisher.data_mart_id or "",
        publisher.binding_id or "",
        publisher.subscription_id or "",
        publisher.deployment_id or "",
    )


def _duckdb(publisher: DuckDbSettings, route: RouteSettings) -> Publisher:
    if not is_installed("duckdb"):  # as in the function, whose package has no room for it
        raise MissingExtraError("Publishing to DuckDB", "duckdb", Extra.DUCKDB)
    from capture_forwarder.publishers.duckdb.publisher import KEY, TIME, LocalPublisher  # noqa: PLC0415

    mapping = route.mapping
    return LocalPublisher(
        publisher.path, route.name, mapping.event_id or KEY, mapping.timestamp or TIME
    )


def _files(publisher: FilesSettings, route: RouteSettings) -> Publisher:
    from capture_forwarder.publishers.files.publisher import KEY, TIME, FilePublisher  # noqa: PLC0415

    files = _part_files(publisher.place)
    mapping = route.mapping
    return FilePublisher(files, route.name, mapping.event_id or KEY, mapping.timestamp or TIME)


def _part_files(address: str) -> PartFiles:
    if not address.startswith("s3://"):
        from capture_forwarder.local.parts import FolderPartFiles  # noqa: PLC0415

        return FolderPartFiles(Path(address))
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.parts import S3PartFiles  # noqa: PLC0415

    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return S3PartFiles(s3_client(), bucket, prefix)


def _authorities(publisher: HttpSettings, in_route: str | None) -> str | None:
    return trust.authorities(publisher.ca_file, _setting(publisher, "ca_file", in_route))


def _limits(publisher: HttpSettings) -> RequestLimits:
    from capture_forwarder.publishers.http import RequestLimits  # noqa: PLC0415

    return RequestLimits(publisher.batch_rows, publisher.batch_bytes)


def _setting(publisher: PublisherSettings, field: str, in_route: str | None) -> str:
    """What the writer of a setting calls it: a variable, or a key in the routes file."""
    if in_route is not None:
        return f"route {in_route}, publisher.{field}"
    return f"{publisher.__class__.__name__.removesuffix('Settings').upper()}_{field.upper()}"


def _secret(publisher: PublisherSettings, field: str, in_route: str | None) -> Secret:
    """The secret that a publisher's settings give in one of three spellings."""
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
