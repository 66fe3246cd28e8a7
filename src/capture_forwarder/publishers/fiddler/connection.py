"""A connection to Fiddler, made by its own client: logging in, reading models, posting events.

Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from requests import Session
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3 import Retry, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as BadCertificateError

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.extras import Extra, install_command
from capture_forwarder.core.ports import SignRequest
from capture_forwarder.core.postponed import postpone

if TYPE_CHECKING:
    from fiddler.connection import Connection
    from fiddler.libs.http_client import RequestClient

RETRY_HEADER = "X-Fiddler-Client-Retry"
"""Tells Fiddler how often a request was sent before, as its client does with its own repeats."""

# The client retries on its own, without jitter and deaf to Retry-After. Half a second is less than
# its first wait, so that it tries once; zero would break it.
_CLIENT_RETRY_SECONDS = 0.5
_CONNECTIONS = 25  # as the client has it


def connect(
    url: str,
    token: str,
    *,
    timeout: tuple[float, float],
    authorities: str | None = None,
    sign: SignRequest | None = None,
) -> Connection:
    """Log in; two requests that check the token and the versions.

    Parameters
    ----------
    url
        Scheme and host of the Fiddler instance.
    token
        The API key.
    timeout
        Seconds to wait for the connection and for an answer.
    authorities
        A file or folder of certificate authorities to trust in place of the usual ones.
    sign
        Signs each request, where Fiddler runs as a SageMaker partner app.

    Returns
    -------
    Connection
        Its `client` makes requests over kept connections.

    Raises
    ------
    PublisherMisconfiguredError
        The client cannot be imported.
    Exception
        Whatever the client raises; `answers.translate` knows it.
    """
    # Their messages quote answers of the platform, which may quote rows, and headers.
    logging.getLogger("fiddler").setLevel(logging.ERROR)
    logging.getLogger("botocore.auth").setLevel(logging.INFO)
    return _connection_type(sign)(
        url=url,
        token=token,
        proxies=get_environ_proxies(url) or None,
        timeout=timeout,
        verify=authorities or True,
    )


def _connection_type(sign: SignRequest | None) -> type[Connection]:
    """The client's connection, all of whose requests are signed if they have to be."""
    # The package imports everything that the client can do, and pandas: several times what the
    # connection takes. Nothing here needs that; who does need it finds it in `fiddler` as ever.
    try:
        postpone("fiddler")
        from fiddler.connection import Connection  # noqa: PLC0415 - takes its time
        from fiddler.libs.http_client import RequestClient  # noqa: PLC0415
    except ImportError as error:
        raise _unusable(error) from error

    class OwnClient(RequestClient):  # type: ignore[misc]
        """The client's requests, by nothing but what they are given.

        The original's constructor asks the environment how long to try again, and whether to
        import the SageMaker SDK, which fits into no function. Variables cannot be set aside for
        it, since the environment is that of all threads.
        """

        def __init__(self, connection: Connection) -> None:
            self._retry_max_duration_seconds = _CLIENT_RETRY_SECONDS
            self._timeout_long_running_requests = connection.timeout
            self._timeout_override = connection.timeout
            self._default_headers = connection.request_headers
            self.base_url = connection.url
            self.proxies = connection.proxies
            self.session = Session()
            self.session.verify = connection.verify
            self.session.auth = sign
            # A redirection would take the token along to wherever it leads.
            self.session.max_redirects = 0
            # Proxies and authorities are handed in; all else that the environment could change
            # is a .netrc file, looked for at every request, whose user would replace the token.
            self.session.trust_env = False
            self.session.mount(self.base_url, HTTPAdapter(_CONNECTIONS, _CONNECTIONS))

    class OwnConnection(Connection):  # type: ignore[misc]
        @cached_property
        def client(self) -> RequestClient:
            return OwnClient(self)

    return OwnConnection


def _unusable(error: ImportError) -> PublisherMisconfiguredError:
    """What to do about a client that is missing, incomplete or of another release."""
    message = f"fiddler-client cannot be imported: {error.name or 'fiddler'} is missing or not"
    advice = f"Install what fits this release with: {install_command(Extra.FIDDLER)}"
    return PublisherMisconfiguredError(f"{message} what this release needs.", advice)


class FiddlerSession:
    """Reads models and sends events over the connections of a client; from several threads.

    The client prepares every request from scratch, copies what it is given, and reads answers
    in small pieces; `requests` adds redirections, cookies and a response of its own. Together that
    is as much work as encoding the events. Here one request is prepared for all of them, and
    posted over the same connections by urllib3, which `requests` uses too.

    Parameters
    ----------
    connection
        A connection that is logged in.
    timeout
        Seconds to wait for a connection and for an answer.
    method
        How events are sent.
    """

    def __init__(
        self, connection: Connection, timeout: tuple[float, float], method: str = "POST"
    ) -> None:
        self._method = method
        self._client = client = connection.client
        self._timeout = timeout
        connect, read = timeout
        self._wait = Timeout(connect=connect, read=read)
        self._once = Retry(total=False, redirect=False)
        session = client.session
        url = f"{client.base_url.rstrip('/')}/v3/events"
        self._sign = session.auth
        self._events = events = requests.Request(
            method,
            url,
            headers={
                **session.headers,
                **connection.request_headers,
                "Content-Type": "application/json",
            },
        ).prepare()
        del events.headers["Content-Length"]
        self._headers = dict(events.headers)
        self._adapter = session.get_adapter(url)
        self._pool = self._adapter.get_connection_with_tls_context(
            events, session.verify, proxies=client.proxies
        )
        self._adapter.cert_verify(self._pool, url, session.verify, None)
        # What a proxy is asked for is the whole address.
        self._target = self._adapter.request_url(events, client.proxies)

    def model(self, model_id: str) -> dict[str, Any]:
        """Read a model.

        Raises
        ------
        Exception
            Whatever the client raises; `answers.translate` knows it.
        """
        path = f"/v3/models/{model_id}"
        answer = self._client.get(url=path, timeout=self._timeout, allow_redirects=False)
        found: dict[str, Any] = answer.json()["data"]
        return found

    def send_events(self, body: bytes, repeats: int = 0) -> bytes:
        """Send the body of a request to `/v3/events`, once; no redirection is followed.

        Parameters
        ----------
        body
            The body.
        repeats
            How often its events were sent before.

        Returns
        -------
        bytes
            The content of an answer that is a success.

        Raises
        ------
        requests.RequestException
            There was no answer, it broke off, or it is no success.
        """
        try:
            answer = self._pool.urlopen(
                self._method,
                self._target,
                body=body,
                headers=self._headers_for(body, repeats),
                retries=self._once,
                redirect=False,
                assert_same_host=False,
                timeout=self._wait,
                preload_content=False,
            )
            if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                content: bytes = answer.data
                return content
        except (HTTPError, OSError) as error:
            raise _as_requests(error) from error
        response = self._adapter.build_response(self._events, answer)
        # To have its content is to have read it, so that the connection can be used again.
        said = f"{len(response.content)} bytes"
        raise requests.HTTPError(said, response=response)

    def _headers_for(self, body: bytes, repeats: int) -> Mapping[str, str]:
        own = {RETRY_HEADER: str(repeats)} if repeats else {}
        if self._sign is None:
            return {**self._headers, **own}
        request = self._events.copy()
        request.body = body
        request.headers.update({**own, "Content-Length": str(len(body))})
        headers: Mapping[str, str] = self._sign(request).headers
        return headers


def _as_requests(error: HTTPError | OSError) -> requests.RequestException:
    """What `requests` would raise in place of an error of urllib3."""
    if isinstance(error, BadCertificateError):
        return requests.exceptions.SSLError(error)
    if isinstance(error, ReadTimeoutError):
        return requests.Timeout(error)
    # That there is no connection counts as a timeout to some releases of urllib3.
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return requests.ConnectTimeout(error)
    return requests.ConnectionError(error)
