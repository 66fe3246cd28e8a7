"""A route's settings → its publisher. Only the publisher that a route names is imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_never

from pydantic import SecretStr

from capture_forwarder.core.errors import MissingExtraError
from capture_forwarder.core.extras import Extra, is_installed
from capture_forwarder.core.ports import Clock, PartFiles, Publisher, Secret, SignRequest
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.settings import ONLY_ROUTE, RouteSettings, Settings
from capture_forwarder.settings.publishers import (
    IAM,
    ArthurSettings,
    DuckDbSettings,
    FiddlerSettings,
    FilesSettings,
    OpenScaleSettings,
    PublisherSettings,
    spellings,
)

if TYPE_CHECKING:
    from capture_forwarder.publishers.openscale.connection import Server
    from capture_forwarder.publishers.openscale.requests import Target
    from capture_forwarder.publishers.openscale.tokens import Tokens


def build_publisher(route: RouteSettings, settings: Settings, clock: Clock) -> Publisher:
    """Make the publisher of a route; connects to nothing yet.

    Raises
    ------
    MissingExtraError
        It needs something that is not installed.
    """
    publisher = route.publisher
    timeout = settings.request_timeout_seconds
    match publisher:
        case FiddlerSettings():
            return _fiddler(publisher, route, timeout, clock)
        case ArthurSettings():
            return _arthur(publisher, route, timeout)
        case OpenScaleSettings():
            return _openscale(publisher, route, timeout, clock)
        case DuckDbSettings():
            return _duckdb(publisher, route)
        case FilesSettings():
            return _files(publisher, route)
        case _:
            assert_never(publisher)


def _fiddler(
    publisher: FiddlerSettings, route: RouteSettings, timeout: float, clock: Clock
) -> Publisher:
    # Its import takes longer than all else and is left to the first connection.
    if not is_installed("fiddler"):
        raise MissingExtraError("Publishing to Fiddler", "fiddler-client", Extra.FIDDLER)
    from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher  # noqa: PLC0415

    return FiddlerPublisher(
        publisher.url,
        _secret(publisher, "token", route.name),
        publisher.model_uuid,
        timeout=timeout,
        clock=clock,
        sign=_partner_app(publisher.partner_app_arn),
    )


def _partner_app(arn: str | None) -> SignRequest | None:
    if arn is None:
        return None
    from capture_forwarder.aws.partner_app import PartnerAppAuth  # noqa: PLC0415

    return PartnerAppAuth(arn)


def _arthur(publisher: ArthurSettings, route: RouteSettings, timeout: float) -> Publisher:
    from capture_forwarder.publishers.arthur.publisher import ArthurPublisher  # noqa: PLC0415

    return ArthurPublisher(
        publisher.host,
        _secret(publisher, "access_token", route.name),
        publisher.model_id,
        timeout=timeout,
        mapping=route.mapping.columns,
    )


def _openscale(
    publisher: OpenScaleSettings, route: RouteSettings, timeout: float, clock: Clock
) -> Publisher:
    from capture_forwarder.publishers.openscale.connection import Server  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher  # noqa: PLC0415

    server = Server(publisher.url, timeout, publisher.ca_file)
    tokens = _ibm_tokens(publisher, server, clock, route.name)
    target = _openscale_target(publisher)
    return OpenScalePublisher(server, tokens, target, route.mapping.columns, clock)


def _ibm_tokens(publisher: OpenScaleSettings, server: Server, clock: Clock, route: str) -> Tokens:
    from capture_forwarder.publishers.openscale.connection import Server  # noqa: PLC0415
    from capture_forwarder.publishers.openscale.tokens import (  # noqa: PLC0415
        CloudPakTokens,
        IamTokens,
    )

    if publisher.auth == "iam":
        # IBM's own address has a certificate that all trust, whoever signed the service's.
        authorities = None if publisher.iam_url == IAM else publisher.ca_file
        iam = Server(publisher.iam_url, server.timeout, authorities)
        return IamTokens(iam, _secret(publisher, "api_key", route), clock)
    field: Literal["api_key", "password"] = "api_key"
    if any(getattr(publisher, name) for name in spellings("password")):
        field = "password"
    secret = _secret(publisher, field, route)
    return CloudPakTokens(server, publisher.username or "", secret, clock, field=field)


def _openscale_target(publisher: OpenScaleSettings) -> Target:
    from capture_forwarder.publishers.openscale.requests import (  # noqa: PLC0415
        DataSetRecords,
        ScoringPayloads,
    )

    if publisher.api == "v2":
        return DataSetRecords(
            publisher.service_instance_id or "",
            publisher.data_set_id,
            publisher.subscription_id,
            confirm=publisher.confirm,
        )
    return ScoringPayloads(
        publisher.data_mart_id or "",
        publisher.binding_id or "",
        publisher.subscription_id or "",
        publisher.deployment_id or "",
    )


def _duckdb(publisher: DuckDbSettings, route: RouteSettings) -> Publisher:
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


def _secret(publisher: PublisherSettings, field: str, route: str) -> Secret:
    """The secret that a publisher's settings give in one of three spellings."""
    plain, arn, parameter = (getattr(publisher, name) for name in spellings(field))
    if isinstance(plain, SecretStr):
        return FixedSecret(plain.get_secret_value())
    from capture_forwarder.aws.clients import secrets_client, ssm_client  # noqa: PLC0415
    from capture_forwarder.aws.secrets import (  # noqa: PLC0415
        parameter_secret,
        secrets_manager_secret,
    )

    family = publisher.__class__.__name__.removesuffix("Settings").upper()
    if route == ONLY_ROUTE:
        names = [f"{family}_{name.upper()}" for name in spellings(field)]
    else:
        names = [f"route {route}, publisher.{name}" for name in spellings(field)]
    if arn:
        return secrets_manager_secret(names[1], arn, secrets_client)
    return parameter_secret(names[2], parameter, ssm_client)
