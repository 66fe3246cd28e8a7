"""Requests to an Arthur, with its token."""

from __future__ import annotations

import threading
from functools import partial
from http import HTTPStatus

import requests

from capture_forwarder.core.ports import Secret
from capture_forwarder.publishers.http import HttpClient

PUBLISHING = "publish inferences"
"""What a request that carries inferences is called."""


class ArthurConnection:
    """Makes requests to an Arthur; may be used from several threads.

    Parameters
    ----------
    client
        Makes the requests.
    token
        The access token; read again once when Arthur answers 401.
    organization_id
        The organisation to act for, where the token belongs to several.
    """

    def __init__(
        self, client: HttpClient, token: Secret, organization_id: str | None = None
    ) -> None:
        self._client = client
        self._token = token
        self._headers = {"Accept": "application/json"}
        if organization_id is not None:
            self._headers["Arthur-Organization-ID"] = organization_id
        self._renewing = threading.Lock()

    def send(  # noqa: PLR0913, PLR0917 - what makes a request
        self, method: str, path: str, doing: str, body: bytes, content_type: str, rows: int
    ) -> requests.Response:
        """Make one request, and once more with another token after a 401.

        Raises
        ------
        PlatformUnavailableError
            See `HttpClient.send`.
        """
        token = self._token.value()
        send = partial(self._client.send, method, path, doing, data=body, rows=rows)
        response = send(headers=self._headers_with(token, content_type))
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            response = send(headers=self._headers_with(self._renewed(token), content_type))
        return response

    def _headers_with(self, token: str, content_type: str) -> dict[str, str]:
        return {**self._headers, "Authorization": token, "Content-Type": content_type}

    def _renewed(self, refused: str) -> str:
        """Read the token afresh, unless another thread has done so meanwhile."""
        with self._renewing:
            token = self._token.value()
            return self._token.value(fresh=True) if token == refused else token
