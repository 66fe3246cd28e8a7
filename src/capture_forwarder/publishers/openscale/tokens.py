"""Tokens for IBM Cloud, for Cloud Pak for Data, and for watsonx.governance on AWS (MCSP).

Sources: IBM's guide, ibm-watson-openscale 3.1.11, and what that logs in by: ibm-cloud-sdk-core
3.25.0.
"""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Literal, TypeVar
from urllib.parse import quote

import msgspec
import requests

from capture_forwarder.core.errors import CredentialsRefusedError
from capture_forwarder.core.ports import Clock, Secret
from capture_forwarder.publishers.http import Service
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.kept_token import KeptToken, Token, with_fresh_secret

_API_KEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_HALF_AN_HOUR = 1800.0  # where an answer does not say how long a token is good for
_FETCHING = "get a token"
_WRONG = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})
# What the claims of an MCSP token hold, as IBM's client asks for it.
_MCSP_CLAIMS = (
    "includeBuiltinActions=false&includeCustomActions=false&includeRoles=true"
    "&prefixRolesWithDefinitionScope=false"
)

Answer = TypeVar("Answer")


class IamTokens:
    """IBM Cloud's tokens for an API key.

    Parameters
    ----------
    host
        IAM, with the whole address that tokens are asked for at.
    api_key
        The key; read again once when IAM refuses it.
    clock
        Tells when a token has been used for 80 % of its time.
    """

    def __init__(self, host: Host, api_key: Secret, clock: Clock) -> None:
        advice = "Put a valid IBM Cloud API key into OPENSCALE_API_KEY, or into its secret."
        self._service = _service("IBM Cloud IAM", host.url, "OPENSCALE_IAM_URL", advice)
        self._client = host.client(self._service)
        self._kept = KeptToken(lambda: with_fresh_secret(api_key, self._fetch), clock)

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

    def _fetch(self, api_key: str) -> Token:
        form = {"grant_type": _API_KEY_GRANT, "apikey": api_key}
        headers = {"Accept": "application/json"}
        response = self._client.send("POST", "", _FETCHING, data=form, headers=headers)
        answer = _read(self._service, response, _IamAnswer)
        return _checked(self._service, answer.access_token, answer.expires_in)


class CloudPakTokens:
    """A Cloud Pak for Data's tokens for a user.

    Parameters
    ----------
    host
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
        host: Host,
        username: str,
        secret: Secret,
        clock: Clock,
        *,
        field: Literal["password", "api_key"],
    ) -> None:
        advice = f"Look at OPENSCALE_USERNAME and at OPENSCALE_{field.upper()}, or its secret."
        self._service = _service("Cloud Pak for Data", host.base, "OPENSCALE_URL", advice)
        self._client = host.client(self._service)
        self._username = username
        self._field = field
        self._kept = KeptToken(lambda: with_fresh_secret(secret, self._fetch), clock)

    def value(self, refused: str | None = None) -> str:
        """Return a token; see `IamTokens.value`."""
        return self._kept.value(refused)

    def _fetch(self, secret: str) -> Token:
        body = msgspec.json.encode({"username": self._username, self._field: secret})
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        path = "/icp4d-api/v1/authorize"
        response = self._client.send("POST", path, _FETCHING, data=body, headers=headers)
        answer = _read(self._service, response, _TokenAnswer)
        return _checked(self._service, answer.token, _HALF_AN_HOUR)


class McspTokens:
    """Tokens of IBM's Multi-Cloud SaaS Platform, which watsonx.governance on AWS takes.

    Parameters
    ----------
    host
        The platform's account service.
    api_key
        The key; read again once when it is refused.
    clock
        Tells when a token has been used for 80 % of its time.
    account_id
        The account that the key is for; without it, the service finds out by the key.
    """

    def __init__(
        self, host: Host, api_key: Secret, clock: Clock, *, account_id: str | None = None
    ) -> None:
        advice = "Put a valid API key of the account into OPENSCALE_API_KEY, or into its secret."
        self._service = _service("IBM MCSP", host.base, "OPENSCALE_MCSP_URL", advice)
        self._client = host.client(self._service)
        self._path = "/api/2.0/apikeys/token"
        if account_id is not None:
            account = quote(account_id, safe="")
            self._path = f"/api/2.0/accounts/{account}/apikeys/token?{_MCSP_CLAIMS}"
        self._kept = KeptToken(lambda: with_fresh_secret(api_key, self._fetch), clock)

    def value(self, refused: str | None = None) -> str:
        """Return a token; see `IamTokens.value`."""
        return self._kept.value(refused)

    def _fetch(self, api_key: str) -> Token:
        body = msgspec.json.encode({"apikey": api_key})
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        response = self._client.send("POST", self._path, _FETCHING, data=body, headers=headers)
        token = _read(self._service, response, _TokenAnswer).token
        return _checked(self._service, token, _seconds_of(token))


Tokens = IamTokens | CloudPakTokens | McspTokens
"""Where bearer tokens come from. Several threads may ask at once."""


class _IamAnswer(msgspec.Struct):
    access_token: str
    expires_in: float


class _TokenAnswer(msgspec.Struct):
    token: str


class _Claims(msgspec.Struct):
    exp: float
    iat: float


def _service(name: str, url: str, setting: str, credentials: str) -> Service:
    otherwise = f"Look at {setting}, at {name} and at what stands between it and the function."
    advice: dict[int, str] = {
        HTTPStatus.UNAUTHORIZED: credentials,
        HTTPStatus.FORBIDDEN: "Look at the account's list of allowed addresses and at the user.",
        HTTPStatus.NOT_FOUND: f"No tokens are given out there: look at {setting}.",
    }
    return Service(name, url, setting, advice, otherwise)


def _read(service: Service, response: requests.Response, kind: type[Answer]) -> Answer:
    """Read a success; what else is answered is raised.

    IAM answers a wrong key with 400, Cloud Pak for Data a wrong login with 401.
    """
    status = response.status_code
    if status in _WRONG:
        message = f"{service.name} at {service.url} refused the credentials ({status})."
        raise CredentialsRefusedError(message, service.advice[HTTPStatus.UNAUTHORIZED])
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise service.refusal(status, response, _FETCHING)
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Without its cause, which would quote from an answer that may hold a token.
        raise service.foreign(f"answered {status} with something that is no token") from None


def _checked(service: Service, token: str, seconds: float) -> Token:
    """Make sure that a token can stand in a header and is good for some time."""
    if not token or not token.isascii() or not token.isprintable() or not seconds > 0:
        raise service.foreign("gave out a token that cannot be used")
    return Token(token, seconds)


def _seconds_of(token: str) -> float:
    """How long a JWT is good for, by its own claims; its signature is not our affair."""
    try:
        encoded = token.split(".")[1]
        claims = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        times = msgspec.json.decode(claims, type=_Claims)
    except (IndexError, ValueError, msgspec.MsgspecError):
        return _HALF_AN_HOUR
    return times.exp - times.iat
