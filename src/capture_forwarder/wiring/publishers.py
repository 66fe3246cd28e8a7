"""A route's settings → its publisher. Only the publisher that a route names is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_never

from pydantic import SecretStr

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra, is_installed
from capture_forwarder.core.ports import Clock, PartFiles, Publisher, Secret, SignRequest
from capture_forwarder.core.schema import DataType
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser import MetadataField
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
    from capture_forwarder.publishers.files.formats import FileFormat
    from capture_forwarder.publishers.http import RequestLimits
    from capture_forwarder.publishers.openscale.host import Host
    from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher
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
    if route.labels is not None:
        from capture_forwarder.wiring.label_publishers import (  # noqa: PLC0415
            build_label_publisher,
        )

        return build_label_publisher(route, timeout, clock, in_route)
    match publisher:
        case FiddlerSettings():
            return _fiddler(publisher, route, timeout, clock, in_route)
        case ArthurSettings():
            return _arthur(publisher, route, timeout, in_route)
        case OpenScaleSettings():
            return openscale(publisher, route, timeout, clock, in_route)
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
        secret_of(publisher, "token", in_route),
        publisher.model_uuid,
        timeout=timeout,
        clock=clock,
        mapping=route.mapping.columns,
        time_unit=publisher.time_unit,
        authorities=authorities_of(publisher, in_route),
        sign=partner_app(publisher.partner_app_arn),
        limits=limits_of(publisher),
    )


def partner_app(arn: str | None) -> SignRequest | None:
    """Make what signs requests to a SageMaker partner app, where Fiddler is one."""
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
        secret_of(publisher, "access_token", in_route),
        publisher.model_id,
        timeout=timeout,
        mapping=route.mapping.columns,
        organization_id=publisher.organization_id,
        authorities=authorities_of(publisher, in_route),
        limits=limits_of(publisher),
    )


def openscale(
    publisher: OpenScaleSettings,
    route: RouteSettings,
    timeout: float,
    clock: Clock,
    in_route: str | None,
) -> OpenScalePublisher:
    """Make the publisher of a subscription's payloads or, on a route with labels, its feedback."""
    from capture_forwarder.publishers.openscale.host import Host  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher  # noqa: PLC0415

    authorities = authorities_of(publisher, in_route)
    host = Host(publisher.url, timeout, authorities)
    tokens = ibm_tokens(publisher, host, clock, in_route)
    destination = _destination(publisher, labels=route.labels is not None)
    columns, limits = route.mapping.columns, limits_of(publisher)
    return OpenScalePublisher(host, tokens, destination, columns, clock, limits=limits)


def ibm_tokens(
    publisher: OpenScaleSettings, host: Host, clock: Clock, in_route: str | None
) -> Tokens:
    """Make what logs in to an OpenScale, in the way that its settings name."""
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
        secret = secret_of(publisher, field, in_route)
        return CloudPakTokens(host, publisher.username or "", secret, clock, field=field)
    secret = secret_of(publisher, "api_key", in_route)
    # IBM's own addresses have certificates that all trust, whoever signed the service's.
    own = trust.authorities(None, "")
    if publisher.auth == "mcsp":
        authorities = own if publisher.mcsp_url == MCSP else host.authorities
        mcsp = Host(publisher.mcsp_url, host.timeout, authorities)
        return McspTokens(mcsp, secret, clock, account_id=publisher.account_id)
    authorities = own if publisher.iam_url == IAM else host.authorities
    return IamTokens(Host(publisher.iam_url, host.timeout, authorities), secret, clock)


def _destination(publisher: OpenScaleSettings, *, labels: bool) -> Destination:
    from capture_forwarder.publishers.openscale.requests import (  # noqa: PLC0415
        DataSetRecords,
        ScoringPayloads,
    )
    from capture_forwarder.publishers.openscale.schema import FEEDBACK, PAYLOAD  # noqa: PLC0415

    kind = FEEDBACK if labels else PAYLOAD
    if publisher.api == "v2":
        return DataSetRecords(
            publisher.service_instance_id,
            publisher.data_set_id,
            publisher.subscription_id,
            publisher.project_id,
            publisher.space_id,
            confirm=publisher.confirm,
            kind=kind,
        )
    return ScoringPayloads(
        publisher.data_mart_id or "",
        publisher.binding_id or "",
        publisher.subscription_id or "",
        publisher.deployment_id or "",
        kind,
    )


def _duckdb(publisher: DuckDbSettings, route: RouteSettings) -> Publisher:
    from capture_forwarder.publishers.duckdb.publisher import KEY, TIME, LocalPublisher  # noqa: PLC0415

    mapping, columns = route.mapping, route.mapping.columns
    hours = [one.name for one in columns.metadata if one.field is MetadataField.CAPTURE_HOUR]
    typed = [name for name, kind in columns.types.items() if kind is DataType.TIMESTAMP]
    return LocalPublisher(
        publisher.path,
        route.name,
        mapping.event_id or KEY,
        mapping.timestamp or TIME,
        [*hours, *typed],
    )


def _files(publisher: FilesSettings, route: RouteSettings) -> Publisher:
    from capture_forwarder.publishers.files.publisher import KEY, TIME, FilePublisher  # noqa: PLC0415

    mapping = route.mapping
    key, time = mapping.event_id or KEY, mapping.timestamp or TIME
    form = _file_format(publisher, route, key, time)
    return FilePublisher(part_files(publisher.place), route.name, key, time, form)


def _file_format(publisher: FilesSettings, route: RouteSettings, key: str, time: str) -> FileFormat:
    from capture_forwarder.publishers.files.formats import JsonArray, JsonLines  # noqa: PLC0415

    match publisher.format:
        case "json-lines":
            return JsonLines()
        case "json-array":
            return JsonArray(time)
        case "parquet":
            from capture_forwarder.publishers.files.parquet import Parquet  # noqa: PLC0415

            return Parquet(route.mapping.columns.types, key, time)
        case _:
            assert_never(publisher.format)


def part_files(address: str) -> PartFiles:
    """Open the folder, or the prefix in S3, that files of rows go to."""
    if not address.startswith("s3://"):
        from capture_forwarder.local.parts import FolderPartFiles  # noqa: PLC0415

        return FolderPartFiles(Path(address))
    from capture_forwarder.aws.clients import s3_client  # noqa: PLC0415
    from capture_forwarder.aws.parts import S3PartFiles  # noqa: PLC0415

    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return S3PartFiles(s3_client(), bucket, prefix)


def authorities_of(publisher: HttpSettings, in_route: str | None) -> str | None:
    """The certificate authorities that a publisher trusts; None for the usual ones."""
    return trust.authorities(publisher.ca_file, _setting(publisher, "ca_file", in_route))


def limits_of(publisher: HttpSettings) -> RequestLimits:
    """The most that one request of a publisher may hold, as far as its settings say."""
    from capture_forwarder.publishers.http import RequestLimits  # noqa: PLC0415

    return RequestLimits(publisher.batch_rows, publisher.batch_bytes)


def _setting(publisher: PublisherSettings, field: str, in_route: str | None) -> str:
    """What the writer of a setting calls it: a variable, or a key in the routes file."""
    if in_route is not None:
        return f"route {in_route}, publisher.{field}"
    return f"{publisher.__class__.__name__.removesuffix('Settings').upper()}_{field.upper()}"


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
