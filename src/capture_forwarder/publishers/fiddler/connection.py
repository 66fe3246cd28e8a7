"""A connection to Fiddler, made by its own client, with one attempt and one set of rules.

Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

import logging
import os
from functools import cached_property
from typing import TYPE_CHECKING

from requests import Session
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.extras import Extra, install_command
from capture_forwarder.core.ports import SignRequest
from capture_forwarder.core.postponed import postpone

if TYPE_CHECKING:
    from fiddler.connection import Connection
    from fiddler.libs.http_client import RequestClient

# The client retries on its own, without jitter and deaf to Retry-After. Half a second is less than
# its first wait, so that it tries once; zero would break it.
_CLIENT_RETRY_SECONDS = 0.5
_CONNECTIONS = 25  # as the client has it


def connect(
    url: str, token: str, *, timeout: tuple[float, float], sign: SignRequest | None = None
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
        verify=_authorities(),
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


def _authorities() -> bool | str:
    """The certificate authorities to trust: requests' variables, which the client ignores."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        if path := os.environ.get(name):
            return path
    return True
