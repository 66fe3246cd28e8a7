"""Requests to an Arthur, with its token."""

from __future__ import annotations

import threading
from http import HTTPStatus

import requests

from capture_forwarder.core.ports import Secret
from capture_forwarder.publishers.http import HttpClient

PUBLISHING = "publish inferences"
"""What a request that carries inferences is called."""


class ArthurConnection:
    """Posts to an Arthur; may be used from several threads.

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

    def post(self, path: str, body: bytes, content_type: str, rows: int) -> requests.Response:
        """Make one request, and once more with another token after a 401.

        Raises
        ------
        PlatformUnavailableError
            See `HttpClient.send`.
        """
        token = self._token.value()
        response = self._send(path, body, content_type, rows, token)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            response = self._send(path, body, content_type, rows, self._renewed(token))
        return response

    def _send(
        self, path: str, body: bytes, content_type: str, rows: int, token: str
    ) -> requests.Response:
        headers = {**self._headers, "Authorization": token, "Content-Type": content_type}
        return self._client.send("POST", path, PUBLISHING, data=body, headers=headers, rows=rows)

    def _renewed(self, refused: str) -> str:
        """Read the token afresh, unless another thread has done so meanwhile."""
        with self._renewing:
            token = self._token.value()
            return self._token.value(fresh=True) if token == refused else token
