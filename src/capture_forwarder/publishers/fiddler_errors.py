"""What fiddler-client raises → our errors, each with what to do.

The client raises its own types for Fiddler's JSON errors, requests' types for other answers,
and plain KeyError, TypeError or pydantic errors for a 2xx that is not what it expects. Source:
fiddler-client 3.14.1, `decorators.handle_api_error` and `libs.http_client`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import requests

from capture_forwarder.errors import (
    BatchRefusedError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)

_REFUSED = frozenset({400, 413, 422})
_BUSY = frozenset({408, 425, 429})
_LONGEST_QUOTE = 2000
_MEANINGS: dict[int, tuple[type[PublishError], str]] = {
    HTTPStatus.UNAUTHORIZED: (
        CredentialsRefusedError,
        (
            "The token is wrong or expired: put a valid API key into FIDDLER_TOKEN, or into what "
            "FIDDLER_TOKEN_SECRET_ARN or FIDDLER_TOKEN_PARAMETER names."
        ),
    ),
    HTTPStatus.FORBIDDEN: (
        PublisherMisconfiguredError,
        "Give the token's user write access to the project of model {model}.",
    ),
    HTTPStatus.NOT_FOUND: (
        PublisherMisconfiguredError,
        "There is no model {model}: look at FIDDLER_MODEL_UUID and FIDDLER_URL.",
    ),
}
_OTHERWISE = (
    PublisherMisconfiguredError,
    "Look at FIDDLER_URL (a redirection is not followed), FIDDLER_MODEL_UUID and the server.",
)

PUBLISHING = "publish events"
"""What a request that carries events is called; only its rows can be refused."""


def check_accepted(answer: requests.Response, rows: int, url: str) -> None:
    """Make sure that a success is Fiddler's own and means all rows.

    The answer lists the ids of the events taken over; a list that names only some of them is no
    success. An empty one is, since not every server release is known to fill it.

    Raises
    ------
    PlatformUnavailableError
        The answer is not the JSON that Fiddler sends, so something else answered for it.
    PublisherMisconfiguredError
        It is a redirection.
    """
    status = answer.status_code
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise _from_status(status, answer, PUBLISHING, url, "")
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        raise _garbage(f"answered {status} with something that is not Fiddler's", url)
    ids = body["data"].get("event_ids")
    if isinstance(ids, list) and 0 < len(ids) < rows:
        message = f"Fiddler at {url} took over only {len(ids)} of {rows} events."
        raise PlatformUnavailableError(message, "They are sent again with the same ids.")


def translate(error: Exception, doing: str, url: str, model_id: str) -> PublishError:
    """Turn whatever the client raised into one of our errors.

    Parameters
    ----------
    error
        What a call of the client raised.
    doing
        What the call was for, in two or three words.
    url, model_id
        Where and for which model.
    """
    cause = _http_cause(error)
    response = getattr(cause, "response", None)
    if isinstance(response, requests.Response) and not response.ok:
        return _from_status(response.status_code, response, doing, url, model_id)
    name = type(error).__name__
    if name == "IncompatibleClient":
        advice = "Deploy a release of this forwarder whose fiddler-client fits your server."
        return PublisherMisconfiguredError(f"Fiddler at {url}: {error}", advice)
    if name == "Unsupported":
        return _from_status(HTTPStatus.METHOD_NOT_ALLOWED, None, doing, url, model_id)
    if cause is not None and not isinstance(cause, requests.JSONDecodeError):
        return _from_transport(cause, doing, url)
    return _garbage(f"answered to `{doing}` with something that is not Fiddler's ({name})", url)


def _from_transport(cause: requests.RequestException, doing: str, url: str) -> PublishError:
    if isinstance(cause, requests.exceptions.SSLError):
        message = f"The certificate of {url} cannot be verified."
        advice = "Set REQUESTS_CA_BUNDLE to a file with your certificate authority."
        return PlatformUnavailableError(message, advice)
    if isinstance(cause, requests.Timeout):
        message = f"Fiddler at {url} did not answer to `{doing}` in time."
        return PlatformUnavailableError(message, "It is tried again.")
    message = f"Fiddler at {url} cannot be reached ({type(cause).__name__})."
    advice = "Look at FIDDLER_URL and at the function's way out of its network."
    return PlatformUnavailableError(message, advice)


def _http_cause(error: BaseException | None) -> requests.RequestException | None:
    """Find the HTTP error behind the client's own.

    The client's ApiError carries the code that the body names, which need not be the status.
    """
    while error is not None and not isinstance(error, requests.RequestException):
        error = error.__cause__ or error.__context__
    return error


def _garbage(what: str, url: str) -> PlatformUnavailableError:
    advice = "A proxy, a login page or a starting server may be answering in its place."
    return PlatformUnavailableError(f"{url} {what}.", advice)


def _from_status(
    status: int, response: requests.Response | None, doing: str, url: str, model_id: str
) -> PublishError:
    message = f"Fiddler at {url} answered {status} to `{doing}`."
    if status in _REFUSED and doing == PUBLISHING:
        advice = "It refuses what the events hold."
        said = response.text[:_LONGEST_QUOTE] if response is not None else ""
        return BatchRefusedError(message, advice, platform_message=said)
    server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if status in _BUSY or (server_error and status != HTTPStatus.NOT_IMPLEMENTED):
        wait = _retry_after(response)
        return PlatformUnavailableError(message, "It is tried again.", retry_after=wait)
    kind, advice = _MEANINGS.get(status, _OTHERWISE)
    return kind(message, advice.format(model=model_id))


def _retry_after(response: requests.Response | None) -> float | None:
    """Seconds to wait, given as a number or as a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("Retry-After", "") if response is not None else ""
    if text.strip().isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
