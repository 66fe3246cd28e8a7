"""Requests to a backend, with its headers and token."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

import requests

from capture_forwarder.core.ports import Secret
from capture_forwarder.publishers.http import HttpClient

AUTHORIZATION = "Authorization"
_BEARER = "Bearer"


class OtlpConnection:
    """Makes requests to a backend; may be used from several threads.

    Parameters
    ----------
    client
        Makes the requests.
    headers
        Sent with each request.
    token
        The secret; None where the backend asks for none. Read again once after a 401.
    token_header
        The header that it is sent in. In `Authorization`, one that names no scheme is a bearer
        token (RFC 6750).
    """

    def __init__(
        self,
        client: HttpClient,
        headers: Mapping[str, str],
        token: Secret | None,
        token_header: str = AUTHORIZATION,
    ) -> None:
        self._client = client
        self._headers = headers
        self._token = token
        self._token_header = token_header
        self._renewing = threading.Lock()

    def send(  # noqa: PLR0913 - what makes a request
        self,
        method: str,
        path: str,
        doing: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        rows: int = 0,
    ) -> requests.Response:
        """Make one request, and once more with another token after a 401.

        Raises
        ------
        PlatformUnavailableError
            See `HttpClient.send`.
        """
        send = partial(self._client.send, method, path, doing, data=body, rows=rows)
        every = {**self._headers, **(headers or {})}
        if self._token is None:
            return send(headers=every)
        token = self._token.value()
        response = send(headers={**every, self._token_header: self._written(token)})
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            renewed = self._written(self._renewed(self._token, token))
            response = send(headers={**every, self._token_header: renewed})
        return response

    def _written(self, token: str) -> str:
        alone = self._token_header.lower() == AUTHORIZATION.lower() and " " not in token
        return f"{_BEARER} {token}" if alone else token

    def _renewed(self, secret: Secret, refused: str) -> str:
        """Read the token afresh, unless another thread has done so meanwhile."""
        with self._renewing:
            token = secret.value()
            return secret.value(fresh=True) if token == refused else token
