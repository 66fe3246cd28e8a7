"""What is asked of Fiddler once its client is logged in.

Source of all protocol facts: fiddler-client 3.14.1.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from fiddler import Connection

_ANSWER_BYTES = 1024 * 1024


class FiddlerSession:
    """Reads models and posts events over the connections of a client; from several threads.

    The client prepares every request from scratch, copies what it is given, and reads answers
    in small pieces: as much work as encoding the events. Here one request is prepared for all of
    them, and sent by the same `requests` session's adapter. `make bench` shows both.

    Parameters
    ----------
    connection
        A connection that is logged in.
    timeout
        Seconds to wait for a connection and for an answer.
    """

    def __init__(self, connection: Connection, timeout: tuple[float, float]) -> None:
        self._client = connection.client
        self._timeout = timeout
        session = self._client.session
        url = f"{self._client.base_url.rstrip('/')}/v3/events"
        self._adapter = session.get_adapter(url)
        self._sign = session.auth
        self._events = requests.Request(
            "POST",
            url,
            headers={
                **session.headers,
                **connection.request_headers,
                "Content-Type": "application/json",
            },
        ).prepare()

    def model(self, model_id: str) -> dict[str, Any]:
        """Read a model.

        Raises
        ------
        Exception
            Whatever the client raises; `fiddler_errors.translate` knows it.
        """
        path = f"/v3/models/{model_id}"
        answer = self._client.get(url=path, timeout=self._timeout, allow_redirects=False)
        found: dict[str, Any] = answer.json()["data"]
        return found

    def post_events(self, body: bytes) -> tuple[requests.Response, bytes]:
        """Post the body of `POST /v3/events`, once; no redirection is followed.

        Returns
        -------
        tuple
            The answer, whatever its status, and its content.

        Raises
        ------
        requests.RequestException
            There was no answer, or it broke off.
        """
        request = self._events.copy()
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        if self._sign is not None:
            request = self._sign(request)
        answer = self._adapter.send(
            request,
            stream=True,
            timeout=self._timeout,
            verify=self._client.session.verify,
            proxies=self._client.proxies,
        )
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            return answer, answer.content
        return answer, b"".join(answer.iter_content(_ANSWER_BYTES))
