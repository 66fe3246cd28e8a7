"""HTTP to a platform: what each answer and each broken connection means, and a thin client.

Status codes mean the same for all platforms (RFC 9110; 429: RFC 6585): a row is wrong (400, 422),
the request is too large (413), the platform is busy or too slow (408, 425, 429, 5xx), the token is
wrong (401), or somebody has to change a setting (everything else). Each platform adds only what
its user can do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError, ReadTimeoutError

from capture_forwarder.core.batch import BatchLimits
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.core.ports import SignRequest

CONNECT_SECONDS = 5.0
_REFUSED = frozenset({400, 413, 422})
_BUSY = frozenset({408, 425, 429})
_TIMED_OUT = frozenset({408, 504, 524})  # 524: Cloudflare's own, in front of IBM Cloud
_LONGEST_QUOTE = 2000
_CONNECTIONS = 64


class Service(msgspec.Struct, frozen=True):
    """A service that is called over HTTP, and what its user can do about its refusals.

    Parameters
    ----------
    name, url
        What messages call it, and its address.
    setting
        The setting that holds the address.
    advice
        Status → what to do about it; 401, 403 and 404 at least.
    otherwise
        What to do about all other refusals.
    """

    name: str
    url: str
    setting: str
    advice: Mapping[int, str] = msgspec.field(default_factory=dict)
    otherwise: str = ""

    def refusal(
        self, status: int, response: requests.Response | None, doing: str, rows: int = 0
    ) -> PublishError:
        """Turn an answer that is not a success into the error that it means.

        Parameters
        ----------
        status, response
            The answer; its body is quoted only in a `BatchRefusedError`.
        doing
            What the request was for, in two or three words.
        rows
            How many inferences it carried; without any, its content cannot be refused.
        """
        message = f"{self.name} at {self.url} answered {status} to `{doing}`."
        said = response.text[:_LONGEST_QUOTE] if response is not None else ""
        if status in _REFUSED and rows:
            if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and rows > 1:
                return BatchTooLargeError(message, "Its halves are sent instead.")
            advice = "It refuses something that the batch holds."
            return BatchRefusedError(message, advice, platform_message=said)
        if may_pass(status):
            wait = retry_after(response)
            return PlatformUnavailableError(
                message,
                "The request is repeated.",
                retry_after=wait,
                timed_out=bool(rows) and status in _TIMED_OUT,
                # One that names a time to come back is busy, whatever the request holds.
                may_be_a_row=bool(rows) and status not in _BUSY and wait is None,
                platform_message=said if rows else "",
            )
        if status == HTTPStatus.UNAUTHORIZED:
            return CredentialsRefusedError(message, self._advice(status))
        return PublisherMisconfiguredError(message, self._advice(status))

    def _advice(self, status: int) -> str:
        return self.advice.get(status, self.otherwise)

    def unreachable(
        self, cause: requests.RequestException, doing: str, rows: int = 0
    ) -> PlatformUnavailableError:
        """Turn a connection that failed into the error that it means.

        Parameters
        ----------
        cause
            What the HTTP library raised.
        doing, rows
            See `refusal`.
        """
        if isinstance(cause, requests.exceptions.SSLError):
            message = f"The certificate of {self.url} cannot be verified."
            advice = (
                "If your own certificate authority has issued it, set REQUESTS_CA_BUNDLE, or "
                "ca_file of the route's publisher, to a file with that authority."
            )
            return PlatformUnavailableError(message, advice)
        if _timed_out(cause):
            message = f"{self.name} at {self.url} did not answer `{doing}` in time."
            advice = "The request is repeated."
            return PlatformUnavailableError(message, advice, timed_out=bool(rows))
        message = f"{self.name} at {self.url} cannot be reached ({type(cause).__name__})."
        advice = f"Check {self.setting}, and that the function's network lets it out."
        return PlatformUnavailableError(
            message, advice, may_be_a_row=bool(rows) and _broke_off(cause)
        )

    def foreign(self, what: str) -> PlatformUnavailableError:
        """Say that an answer, though a success, cannot come from the service."""
        advice = "A proxy, a login page or a starting server may be answering in its place."
        return PlatformUnavailableError(f"{self.url} {what}.", advice)


class RequestLimits(msgspec.Struct, frozen=True):
    """The most rows and bytes of one request, as settings give them; None where they do not."""

    rows: int | None = None
    body_bytes: int | None = None

    def batch_limits(
        self, rows: int, bytes_: int, requests_: int = 64, *, whole_lines: bool = False
    ) -> BatchLimits:
        """Put a publisher's own limits in place of those that are not set.

        The bytes of a batch are those of its captured text; `check` looks at what becomes of it.
        """
        most = bytes_ if self.body_bytes is None else min(bytes_, self.body_bytes)
        return BatchLimits(self.rows or rows, most, requests_, whole_lines=whole_lines)

    def check(self, body: bytes, rows: int) -> None:
        """Make sure that a body is not too large; that of a single row never is.

        Raises
        ------
        BatchTooLargeError
            It is.
        """
        if self.body_bytes is not None and len(body) > self.body_bytes and rows > 1:
            message = f"{rows} inferences take {len(body)} bytes."
            advice = f"A request may have {self.body_bytes}: the halves are sent instead."
            raise BatchTooLargeError(message, advice)


class HttpClient:
    """Requests to one service over kept connections; may be used from several threads.

    Proxies are those of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).

    Parameters
    ----------
    service
        The service.
    timeout
        Seconds to wait for an answer.
    authorities
        A file or folder of certificate authorities to trust in place of the usual ones.
    sign
        Signs each request.
    """

    def __init__(
        self,
        service: Service,
        timeout: float,
        authorities: str | None = None,
        sign: SignRequest | None = None,
    ) -> None:
        self._service = service
        self._auth = sign or _unchanged
        self._timeout = (CONNECT_SECONDS, timeout)
        self._authorities = authorities
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=_CONNECTIONS)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(  # noqa: PLR0913 - what makes a request
        self,
        method: str,
        path: str,
        doing: str,
        *,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        rows: int = 0,
    ) -> requests.Response:
        """Make one request and return the answer, whatever it is.

        Parameters
        ----------
        method, path
            What to ask for; the path begins with a slash and follows the service's address.
        doing
            What the request is for, for messages.
        data
            The body, or the fields of a form.
        headers
            Further headers.
        rows
            How many inferences the body carries.

        Raises
        ------
        PlatformUnavailableError
            There was no answer, or it broke off; it is `timed_out` where inferences were sent and
            the answer took too long.
        """
        try:
            return self._session.request(
                method,
                self._service.url + path,
                data=data,
                headers=dict(headers or {}),
                timeout=self._timeout,
                allow_redirects=False,  # a redirected POST loses its body and "succeeds"
                auth=self._auth,
                verify=self._authorities,
            )
        except requests.RequestException as error:
            raise self._service.unreachable(error, doing, rows) from error


def may_pass(status: int) -> bool:
    """Whether the same request may succeed later: the platform is busy, or it failed."""
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    return failed or status in _BUSY


def retry_after(response: requests.Response | None) -> float | None:
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


def _timed_out(cause: BaseException) -> bool:
    """Whether a request that was being sent or answered took too long.

    A connection that cannot be made in time says nothing about the request, and is not meant.
    What is slow while the body is sent, or while the answer is read, hides in another error.
    """
    if isinstance(cause, requests.ConnectTimeout):
        return False
    hidden = (one for one in cause.args if isinstance(one, Exception))
    return isinstance(cause, (requests.Timeout, ReadTimeoutError, TimeoutError)) or any(
        map(_timed_out, hidden)
    )


def _broke_off(cause: BaseException) -> bool:
    """Whether a connection ended after it was made: a server may break down at a row, too."""
    if isinstance(cause, (requests.ConnectTimeout, requests.exceptions.ProxyError)):
        return False
    inner = [one for one in cause.args if isinstance(one, Exception)]
    reason = getattr(inner[0], "reason", None) if inner else None
    return not isinstance(reason or (inner[0] if inner else None), NewConnectionError)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the Authorization header alone, which requests would take from a .netrc file."""
    return request
