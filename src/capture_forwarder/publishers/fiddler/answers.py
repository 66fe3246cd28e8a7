"""What fiddler-client raises → our errors, each with what to do.

The client raises its own types for Fiddler's JSON errors, requests' types for other answers,
and plain KeyError, TypeError or pydantic errors for a 2xx that is not what it expects. Source:
fiddler-client 3.14.1, `decorators.handle_api_error` and `libs.http_client`.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
import requests

from capture_forwarder.core.errors import (
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.publishers.http import Service


class _Taken(msgspec.Struct):
    event_ids: object = None


class _Answer(msgspec.Struct):
    data: _Taken


_decode = msgspec.json.Decoder(_Answer).decode

PUBLISHING = "publish events"
"""What a request that carries events is called; only its rows can be refused."""


def fiddler_service(url: str, model_id: str, *, partner_app: bool = False) -> Service:
    """Describe a Fiddler instance and one of its models."""
    aws = ", and allow the function sagemaker:CallPartnerAppApi on the app" if partner_app else ""
    advice: dict[int, str] = {
        HTTPStatus.UNAUTHORIZED: (
            "The token is wrong or expired: put a valid API key into FIDDLER_TOKEN, or into "
            "what FIDDLER_TOKEN_SECRET_ARN or FIDDLER_TOKEN_PARAMETER names."
        ),
        HTTPStatus.FORBIDDEN: (
            f"Give the token's user write access to the project of model {model_id}{aws}."
        ),
        HTTPStatus.NOT_FOUND: (
            f"There is no model {model_id}: look at FIDDLER_MODEL_UUID and FIDDLER_URL."
        ),
    }
    return Service(
        "Fiddler",
        url,
        "FIDDLER_URL",
        advice,
        "Look at FIDDLER_URL (a redirection is not followed), FIDDLER_MODEL_UUID and the server.",
    )


def check_accepted(content: bytes, rows: int, service: Service) -> None:
    """Make sure that a success is Fiddler's own and means all rows.

    The answer lists the ids of the events taken over; a list that names only some of them is no
    success. An empty one is, since not every server release is known to fill it.

    Parameters
    ----------
    content
        The content of the answer.
    rows
        How many events were posted.
    service
        Where.

    Raises
    ------
    PlatformUnavailableError
        The answer is not the JSON that Fiddler sends, so something else answered for it.
    """
    try:
        ids = _decode(content).data.event_ids
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise service.foreign("answered with something that is not Fiddler's") from None
    if isinstance(ids, list) and 0 < len(ids) < rows:
        message = f"Fiddler at {service.url} took over only {len(ids)} of {rows} events."
        raise PlatformUnavailableError(message, "They are sent again with the same ids.")


def translate(error: Exception, doing: str, service: Service, rows: int = 0) -> PublishError:
    """Turn whatever the client raised into one of our errors.

    Parameters
    ----------
    error
        What a call of the client raised.
    doing
        What the call was for, in two or three words.
    service
        Where.
    rows
        How many events it carried.
    """
    cause = _http_cause(error)
    response = getattr(cause, "response", None)
    if isinstance(response, requests.Response) and not _is_success(response.status_code):
        return service.refusal(response.status_code, response, doing, rows)
    name = type(error).__name__
    if name == "IncompatibleClient":
        advice = "Deploy a release of this forwarder whose fiddler-client fits your server."
        return PublisherMisconfiguredError(f"Fiddler at {service.url}: {error}", advice)
    if name == "Unsupported":
        return service.refusal(HTTPStatus.METHOD_NOT_ALLOWED, None, doing)
    if cause is not None and not isinstance(cause, requests.JSONDecodeError):
        return service.unreachable(cause, doing, rows)
    return service.foreign(f"answered to `{doing}` with something that is not Fiddler's ({name})")


def _is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _http_cause(error: BaseException | None) -> requests.RequestException | None:
    """Find the HTTP error behind the client's own.

    The client's ApiError carries the code that the body names, which need not be the status.
    """
    while error is not None and not isinstance(error, requests.RequestException):
        error = error.__cause__ or error.__context__
    return error
