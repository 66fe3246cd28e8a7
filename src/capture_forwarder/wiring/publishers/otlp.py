"""The settings of a backend that takes OTLP → its publisher."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from capture_forwarder.core.ports import Publisher, SignRequest
from capture_forwarder.settings.base import spellings
from capture_forwarder.settings.entries import headers_of
from capture_forwarder.settings.otlp import OtlpSettings
from capture_forwarder.wiring.publishers.context import (
    PublisherContext,
    authorities_of,
    limits_of,
    partner_app,
    secret_of,
)

if TYPE_CHECKING:
    from capture_forwarder.publishers.http import Service
    from capture_forwarder.publishers.otlp.backends import Backend
    from capture_forwarder.publishers.otlp.connection import OtlpConnection

_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")


def for_rows(settings: OtlpSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of a route's conversations."""
    from capture_forwarder.publishers.otlp.publisher import (  # noqa: PLC0415
        OtlpPublisher,
        otlp_service,
    )

    backend = _backend(settings)
    service = otlp_service(backend, settings.address)
    region = settings.region or next(filter(None, map(os.environ.get, _REGION)), None)
    return OtlpPublisher(
        backend,
        service,
        _connection(settings, backend, service, context),
        resource={"cloud.account.id": settings.account, "cloud.region": region},
        limits=limits_of(settings),
    )


def for_labels(settings: OtlpSettings, context: PublisherContext) -> Publisher:
    """Make the publisher of MLflow's assessments or Phoenix's annotations."""
    from capture_forwarder.publishers.otlp.mlflow_labels import (  # noqa: PLC0415
        MlflowLabelPublisher,
    )
    from capture_forwarder.publishers.otlp.phoenix_labels import (  # noqa: PLC0415
        PhoenixLabelPublisher,
    )
    from capture_forwarder.publishers.otlp.publisher import otlp_service  # noqa: PLC0415

    make = MlflowLabelPublisher if settings.backend == "mlflow" else PhoenixLabelPublisher
    backend = _backend(settings)
    service = otlp_service(backend, settings.address)
    return make(service, _connection(settings, backend, service, context), limits_of(settings))


def _backend(settings: OtlpSettings) -> Backend:
    from capture_forwarder.publishers.otlp.backends import Targets, backend_of  # noqa: PLC0415

    application = settings.application_id
    backend = backend_of(
        settings.backend,
        Targets(
            settings.experiment_id,
            settings.project,
            None if application is None else str(application),
            settings.task_id,
        ),
    )
    if settings.path is not None:
        backend = replace(backend, path=settings.path)
    if settings.compression is not None:
        backend = replace(backend, zip=settings.compression == "gzip")
    return backend


def _connection(
    settings: OtlpSettings, backend: Backend, service: Service, context: PublisherContext
) -> OtlpConnection:
    from capture_forwarder.publishers.http import HttpClient  # noqa: PLC0415
    from capture_forwarder.publishers.otlp.connection import OtlpConnection  # noqa: PLC0415

    authorities = authorities_of(settings, context.in_route)
    client = HttpClient(service, context.timeout, authorities, _sign(settings))
    given = any(getattr(settings, name) for name in spellings("token"))
    token = secret_of(settings, "token", context.in_route) if given else None
    headers = {**backend.headers, **headers_of(settings.headers)}
    return OtlpConnection(client, headers, token, settings.token_header)


def _sign(settings: OtlpSettings) -> SignRequest | None:
    if settings.mlflow_arn is None:
        return partner_app(settings.partner_app_arn)
    from capture_forwarder.aws.managed_mlflow import ManagedMlflowAuth  # noqa: PLC0415

    return ManagedMlflowAuth(settings.mlflow_arn)
