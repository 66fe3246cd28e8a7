"""A connection to Fiddler, made by its own client, with one attempt and one set of rules.

Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

import logging
import os
from functools import cached_property
from typing import TYPE_CHECKING

from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.extras import Extra, install_command
from capture_forwarder.core.ports import SignRequest
from capture_forwarder.core.postponed import postpone

if TYPE_CHECKING:
    from fiddler.connection import Connection
    from fiddler.libs.http_client import RequestClient

_PARTNER_APP = "AWS_PARTNER_APP_AUTH"
# The client retries on its own for this long, without jitter and deaf to Retry-After. Half a
# second is less than its first wait, so that it tries once; zero would break it.
_CLIENT_RETRY = ("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", "0.5")


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
        Whatever the client raises; `fiddler_errors.translate` knows it.
    """
    os.environ[_CLIENT_RETRY[0]] = _CLIENT_RETRY[1]
    # Their messages quote answers of the platform, which may quote rows, and headers.
    logging.getLogger("fiddler").setLevel(logging.ERROR)
    logging.getLogger("botocore.auth").setLevel(logging.INFO)
    from requests.utils import get_environ_proxies  # noqa: PLC0415

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
    except ImportError as error:
        raise _unusable(error) from error

    class OwnConnection(Connection):  # type: ignore[misc]
        @cached_property
        def client(self) -> RequestClient:
            # With this variable the client imports the SageMaker SDK, which fits no function.
            asked = os.environ.pop(_PARTNER_APP, None)
            try:
                client = super().client
            finally:
                if asked is not None:
                    os.environ[_PARTNER_APP] = asked
            # A redirection would take the token along to wherever it leads.
            client.session.max_redirects = 0
            # Proxies and authorities are handed in; all else that the environment could change
            # is a .netrc file, looked for at every request, whose user would replace the token.
            client.session.trust_env = False
            if sign is not None:
                client.session.auth = sign
            return client

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
