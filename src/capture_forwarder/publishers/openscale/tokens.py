"""Tokens for IBM Cloud and for Cloud Pak for Data: fetched, kept, and fetched again in time.

Sources: IBM's guide, and ibm-watson-openscale 3.1.11 with what it logs in by.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, TypeVar

import msgspec
import requests

from capture_forwarder.core.errors import (
    CredentialsRefusedError,
    ForwarderError,
    PlatformUnavailableError,
)
from capture_forwarder.core.ports import Clock, Secret
from capture_forwarder.publishers.http import Site
from capture_forwarder.publishers.openscale.connection import Server

_API_KEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_CLOUD_PAK_SECONDS = 1800.0  # its answer does not say how long a token is good for
_USED_SHARE = 0.8
_FETCH_AGAIN_SECONDS = 30.0
_FETCHING = "get a token"
_WRONG = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})

Answer = TypeVar("Answer")


class IamTokens:
    """IBM Cloud's tokens for an API key.

    Parameters
    ----------
    server
        IAM, with the whole address that tokens are asked for at.
    api_key
        The key; read again once when IAM refuses it.
    clock
        Tells when a token has been used for 80 % of its time.
    """

    def __init__(self, server: Server, api_key: Secret, clock: Clock) -> None:
        advice = "Put a valid IBM Cloud API key into OPENSCALE_API_KEY, or into its secret."
        self._site = _site("IBM Cloud IAM", server.url, "OPENSCALE_IAM_URL", advice)
        self._client = server.client(self._site)
        self._kept = _KeptToken(lambda: _with_fresh_secret(api_key, self._fetch), clock)

    def value(self, refused: str | None = None) -> str:
        """A token that should be good; never `refused`, if another can be had.

        Parameters
        ----------
        refused
            The token that a platform just answered 401 to. Of several threads that met the same
            401, the first fetches a token for all.

        Raises
        ------
        CredentialsRefusedError
            The key or password is wrong, also when read afresh.
        PlatformUnavailableError
            No token can be had now.
        PublisherMisconfiguredError
            None will be had until somebody changes something.
        """
        return self._kept.value(refused)

    def _fetch(self, api_key: str) -> _Token:
        form = {"grant_type": _API_KEY_GRANT, "apikey": api_key}
        headers = {"Accept": "application/json"}
        response = self._client.send("POST", "", _FETCHING, data=form, headers=headers)
        answer = _read(self._site, response, _IamAnswer)
        return _checked(self._site, answer.access_token, answer.expires_in)


class CloudPakTokens:
    """A Cloud Pak for Data's tokens for a user.

    Parameters
    ----------
    server
        The Cloud Pak.
    username
        The user.
    secret
        The user's password or API key; read again once when it is refused.
    clock
        Tells when a token has been used for 80 % of 30 minutes.
    field
        What of a login the secret is.
    """

    def __init__(
        self,
        server: Server,
        username: str,
        secret: Secret,
        clock: Clock,
        *,
        field: Literal["password", "api_key"],
    ) -> None:
        advice = f"Look at OPENSCALE_USERNAME and at OPENSCALE_{field.upper()}, or its secret."
        self._site = _site("Cloud Pak for Data", server.url.rstrip("/"), "OPENSCALE_URL", advice)
        self._client = server.client(self._site)
        self._username = username
        self._field = field
        self._kept = _KeptToken(lambda: _with_fresh_secret(secret, self._fetch), clock)

    def value(self, refused: str | None = None) -> str:
        """Return a token; see `IamTokens.value`."""
        return self._kept.value(refused)

    def _fetch(self, secret: str) -> _Token:
        body = msgspec.json.encode({"username": self._username, self._field: secret})
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        path = "/icp4d-api/v1/authorize"
        response = self._client.send("POST", path, _FETCHING, data=body, headers=headers)
        answer = _read(self._site, response, _CloudPakAnswer)
        return _checked(self._site, answer.token, _CLOUD_PAK_SECONDS)


Tokens = IamTokens | CloudPakTokens
"""Where bearer tokens come from. Several threads may ask at once."""


class _IamAnswer(msgspec.Struct):
    access_token: str
    expires_in: float


class _CloudPakAnswer(msgspec.Struct):
    token: str


@dataclass(frozen=True)
class _Token:
    text: str
    seconds: float


class _KeptToken:
    """A token that several threads share, so that one of them fetches it for all.

    While the source is down, the token is used for the rest of its time. A thread that waited
    for another's fetch shares its failure too: else each would wait for the source in turn.
    """

    def __init__(self, fetch: Callable[[], _Token], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._due = 0.0
        self._end = 0.0
        self._fetches = 0
        self._failure: ForwarderError | None = None

    def value(self, refused: str | None) -> str:
        fetches = self._fetches
        with self._lock:
            if refused is not None and refused == self._token:
                self._token = ""
            if self._token and self._clock.monotonic() < self._due:
                return self._token
            if self._fetches != fetches and self._failure is not None:
                raise self._failure
            self._failure = None
            try:
                self._renew()
            except ForwarderError as error:
                self._failure = error
                raise
            finally:
                self._fetches += 1
            return self._token

    def _renew(self) -> None:
        asked = self._clock.monotonic()
        try:
            token = self._fetch()
        except PlatformUnavailableError:
            if not self._token or asked >= self._end:
                raise
            self._due = min(self._end, asked + _FETCH_AGAIN_SECONDS)
            return
        self._token = token.text
        self._due = asked + _USED_SHARE * token.seconds
        self._end = asked + token.seconds


def _with_fresh_secret(secret: Secret, fetch: Callable[[str], _Token]) -> _Token:
    """Fetch with the secret at hand and, if that is refused, with the one that is stored now."""
    kept = secret.value()
    try:
        return fetch(kept)
    except CredentialsRefusedError:
        fresh = secret.value(fresh=True)
        if fresh == kept:
            raise
        return fetch(fresh)


def _site(name: str, url: str, setting: str, credentials: str) -> Site:
    otherwise = f"Look at {setting}, at {name} and at what stands between it and the function."
    advice: dict[int, str] = {
        HTTPStatus.UNAUTHORIZED: credentials,
        HTTPStatus.FORBIDDEN: "Look at the account's list of allowed addresses and at the user.",
        HTTPStatus.NOT_FOUND: f"No tokens are given out there: look at {setting}.",
    }
    return Site(name, url, setting, advice, otherwise)


def _read(site: Site, response: requests.Response, kind: type[Answer]) -> Answer:
    """Read a success; what else is answered is raised.

    A wrong key is answered 400 by IAM, where a wrong login is 401 to Cloud Pak for Data.
    """
    status = response.status_code
    if status in _WRONG:
        message = f"{site.name} at {site.url} refused the credentials ({status})."
        raise CredentialsRefusedError(message, site.advice[HTTPStatus.UNAUTHORIZED])
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise site.refusal(status, response, _FETCHING)
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Without its cause, which would quote from an answer that may hold a token.
        raise site.garbage(f"answered {status} with something that is no token") from None


def _checked(site: Site, token: str, seconds: float) -> _Token:
    """Make sure that a token can stand in a header and is good for some time."""
    if not token or not token.isascii() or not token.isprintable() or not seconds > 0:
        raise site.garbage("gave out a token that cannot be used")
    return _Token(token, seconds)
