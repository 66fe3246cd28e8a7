"""Whether what spans belong to is there: some backends take spans for nothing, and lose them."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.publishers.http import Service
from capture_forwarder.publishers.otlp.answers import refusal
from capture_forwarder.publishers.otlp.backends import Check
from capture_forwarder.publishers.otlp.connection import OtlpConnection

_ASKING = "look for what spans belong to"
_DELETED = "deleted"


class _Experiment(msgspec.Struct):
    lifecycle_stage: str = ""


class _Answer(msgspec.Struct):
    """MLflow's answer; others are looked at for no more than their status."""

    experiment: _Experiment | None = None


_decode = msgspec.json.Decoder(_Answer).decode


def make_sure(check: Check, connection: OtlpConnection, service: Service) -> None:
    """Ask for what spans belong to.

    Raises
    ------
    PublisherMisconfiguredError
        It is not there, or was deleted.
    PublishError
        The backend does not say.
    """
    response = connection.send("GET", check.path, _ASKING)
    status = response.status_code
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}:
        raise PublisherMisconfiguredError(
            f"{service.name} at {service.url} has no {check.what}.", check.advice
        )
    if status != HTTPStatus.OK:
        raise refusal(response, service, _ASKING)
    try:
        answer = _decode(response.content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise service.foreign("answered with something that is no JSON of its own") from error
    if answer.experiment is not None and answer.experiment.lifecycle_stage == _DELETED:
        message = f"The {check.what} of {service.name} at {service.url} was deleted."
        raise PublisherMisconfiguredError(message, check.advice)
