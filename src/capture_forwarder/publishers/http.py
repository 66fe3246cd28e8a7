"""HTTP to a platform: what every answer and every broken connection means, and a thin client.

Status codes mean the same to all platforms here (RFC 9110; 429: RFC 6585): the caller's row is
wrong (400, 422), too much (413), the platform is busy (408, 425, 429, 5xx), the token is wrong
(401), or somebody has to change a setting (all else). A site adds what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import msgspec
import requests
from requests.adapters import HTTPAdapter

from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)

CONNECT_SECONDS = 5.0
_REFUSED = frozenset({400, 413, 422})
_BUSY = frozenset({408, 425, 429})
_LONGEST_QUOTE = 2000
_CONNECTIONS = 64


class Site(msgspec.Struct, frozen=True):
    """Where a platform answers, and what its user can do about its refusals.

    Parameters
    ----------
    name, url
        What to call it, and its address.
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
        """Say what an answer that is no success means.

        Parameters
        ----------
        status, response
            The answer; its body is quoted only in a `BatchRefusedError`.
        doing
            What the request was for, in two or three words.
        rows
            How many inferences it carried; only a request that carries some can be refused for
            what it holds.
        """
        message = f"{self.name} at {self.url} answered {status} to `{doing}`."
        if status in _REFUSED and rows:
            if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and rows > 1:
                return BatchTooLargeError(message, "It is sent in smaller pieces.")
            said = response.text[:_LONGEST_QUOTE] if response is not None else ""
            advice = "It refuses what the batch holds."
            return BatchRefusedError(message, advice, platform_message=said)
        server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_busy(status) or (server_error and status != HTTPStatus.NOT_IMPLEMENTED):
            wait = retry_after(response)
            return PlatformUnavailableError(message, "It is tried again.", retry_after=wait)
        if status == HTTPStatus.UNAUTHORIZED:
            return CredentialsRefusedError(message, self._advice(status))
        return PublisherMisconfiguredError(message, self._advice(status))

    def _advice(self, status: int) -> str:
        return self.advice.get(status, self.otherwise)

    def unreachable(self, cause: requests.RequestException, doing: str) -> PlatformUnavailableError:
        """Say what a connection that failed means."""
        if isinstance(cause, requests.exceptions.SSLError):
            message = f"The certificate of {self.url} cannot be verified."
            advice = "Set REQUESTS_CA_BUNDLE to a file with your certificate authority."
            return PlatformUnavailableError(message, advice)
        if isinstance(cause, requests.Timeout):
            message = f"{self.name} at {self.url} did not answer to `{doing}` in time."
            # It took the request and works on it: with fewer rows it may be done in time.
            working = isinstance(cause, requests.ReadTimeout)
            return PlatformUnavailableError(message, "It is tried again.", timed_out=working)
        message = f"{self.name} at {self.url} cannot be reached ({type(cause).__name__})."
        advice = f"Look at {self.setting} and at the function's way out of its network."
        return PlatformUnavailableError(message, advice)

    def garbage(self, what: str) -> PlatformUnavailableError:
        """Say what a success means that is not the platform's."""
        advice = "A proxy, a login page or a starting server may be answering in its place."
        return PlatformUnavailableError(f"{self.url} {what}.", advice)


class HttpClient:
    """Requests to one site over kept connections; may be used from several threads.

    Parameters
    ----------
    site
        Where to.
    timeout
        Seconds to wait for an answer.
    authorities
        A file of certificate authorities to trust in place of the usual ones.
    """

    def __init__(self, site: Site, timeout: float, authorities: str | None = None) -> None:
        self._site = site
        self._timeout = (CONNECT_SECONDS, timeout)
        self._authorities = authorities
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=_CONNECTIONS)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Make one request and return whatever was answered.

        Parameters
        ----------
        method, path
            What to ask for; the path begins with a slash and is put behind the site's address.
        doing
            What the request is for, for messages.
        data
            The body, or the fields of a form.
        headers
            Further headers.

        Raises
        ------
        PlatformUnavailableError
            There was no answer, or it broke off.
        """
        try:
            return self._session.request(
                method,
                self._site.url + path,
                data=data,
                headers=dict(headers or {}),
                timeout=self._timeout,
                allow_redirects=False,  # a redirected POST loses its body and "succeeds"
                auth=_as_it_is,
                verify=self._authorities,
            )
        except requests.RequestException as error:
            raise self._site.unreachable(error, doing) from error


def is_busy(status: int) -> bool:
    """Whether a status asks to come again later; those of broken servers come on top."""
    return status in _BUSY


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


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the Authorization header alone, which requests would take from a .netrc file."""
    return request
