"""Requests to an OpenScale, with a token."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TypeVar

import msgspec
import requests

from capture_forwarder.publishers.http import Service
from capture_forwarder.publishers.openscale.answers import address_blocked, is_firewall
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.tokens import Tokens

Answer = TypeVar("Answer")


class OpenScaleConnection:
    """Makes requests to an OpenScale; may be used from several threads.

    Parameters
    ----------
    host, service
        Where it answers, and what can be done about its refusals.
    tokens
        Where tokens come from; asked for another once after a 401.
    """

    def __init__(self, host: Host, service: Service, tokens: Tokens) -> None:
        self._service = service
        self._client = host.client(service)
        self._tokens = tokens

    def send(
        self, method: str, path: str, doing: str, body: bytes | None = None, rows: int = 0
    ) -> requests.Response:
        """Make one request, and once more with another token after a 401; see `HttpClient.send`.

        Raises
        ------
        PlatformUnavailableError
            There was no answer.
        CredentialsRefusedError
            No token can be had.
        """
        token = self._tokens.value()
        send = partial(self._client.send, method, path, doing, data=body, rows=rows)
        response = send(headers=_headers(token))
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            token = self._tokens.value(refused=token)
            response = send(headers=_headers(token))
        return response

    def get(self, path: str, doing: str, kind: type[Answer], unknown: str | None = None) -> Answer:
        """Read something.

        Parameters
        ----------
        path, doing
            What to ask for, and what messages call that.
        kind
            What an answer must be.
        unknown
            What a 404 says of the service, where it is no answer that a setting can change.

        Raises
        ------
        PublishError
            It was not answered, or with something else.
        """
        response = self.send("GET", path, doing)
        if is_firewall(response):
            raise address_blocked(self._service, doing)
        if unknown is not None and response.status_code == HTTPStatus.NOT_FOUND:
            raise self._service.foreign(unknown)
        if response.status_code != HTTPStatus.OK:
            raise self._service.refusal(response.status_code, response, doing)
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            what = f"answered `{doing}` with something that is not OpenScale's"
            raise self._service.foreign(what) from error


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
