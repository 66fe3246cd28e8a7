"""What is asked of Fiddler once its client is logged in.

Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from urllib3 import Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as BadCertificateError

if TYPE_CHECKING:
    from fiddler import Connection


class FiddlerSession:
    """Reads models and posts events over the connections of a client; from several threads.

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
    """

    def __init__(self, connection: Connection, timeout: tuple[float, float]) -> None:
        self._client = client = connection.client
        self._timeout = timeout
        session = client.session
        url = f"{client.base_url.rstrip('/')}/v3/events"
        self._sign = session.auth
        self._events = events = requests.Request(
            "POST",
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

    def post_events(self, body: bytes) -> bytes:
        """Post the body of `POST /v3/events`, once; no redirection is followed.

        Returns
        -------
        bytes
            The content of an answer that is a success.

        Raises
        ------
        requests.RequestException
            There was no answer, it broke off, or it is no success.
        """
        connect, read = self._timeout
        try:
            answer = self._pool.urlopen(
                "POST",
                self._target,
                body=body,
                headers=self._signed(body) if self._sign else self._headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(connect=connect, read=read),
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

    def _signed(self, body: bytes) -> Mapping[str, str]:
        request = self._events.copy()
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        headers: Mapping[str, str] = self._sign(request).headers
        return headers


def _as_requests(error: HTTPError | OSError) -> requests.RequestException:
    """What `requests` would raise in place of an error of urllib3."""
    if isinstance(error, BadCertificateError):
        return requests.exceptions.SSLError(error)
    # That there is no connection counts as a time-out to urllib3, whatever the reason.
    if isinstance(error, ReadTimeoutError) or (
        isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError)
    ):
        return requests.Timeout(error)
    return requests.ConnectionError(error)
