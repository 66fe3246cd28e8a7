"""How IBM Cloud, Cloud Pak for Data and watsonx.governance on AWS give out tokens."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import parse_qsl

from .platform_server import RefusedError, read_json
from .server import Request

_API_KEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"


def plain(name: str, seconds: int) -> str:
    """Write a token that says nothing."""
    del seconds
    return name


def jwt(name: str, seconds: int) -> str:
    """Write a token as a JWT, whose own claims say how long it is good for."""
    issued = int(time.time())
    parts = ({"alg": "RS256"}, {"sub": name, "iat": issued, "exp": issued + seconds})
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


class TokenIssuer:
    """The tokens that were given out, and whether they are still good.

    Attributes
    ----------
    expires_in
        How many seconds the next tokens are good for, by `clock`.
    issued
        How many tokens were given out.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.expires_in = 3600
        self.issued = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._expirations: dict[str, float] = {}

    def issue(self, write: Callable[[str, int], str] = plain) -> tuple[str, int]:
        """Return a new token, as it is written by its name and its seconds, and when it expires."""
        with self._lock:
            self.issued += 1
            token = write(f"loopback-token-{self.issued}", self.expires_in)
            expiration = self._clock() + self.expires_in
            self._expirations[token] = expiration
        return token, int(expiration)

    def revoke(self) -> None:
        """Make every token that was given out invalid."""
        with self._lock:
            self._expirations.clear()

    def check(self, request: Request) -> None:
        """Refuse a request without a valid token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            expiration = self._expirations.get(token)
        if scheme != "Bearer" or expiration is None or self._clock() >= expiration:
            raise RefusedError(401, "The token is missing, unknown or expired")


def check_api_key_form(request: Request, api_key: str) -> None:
    """Refuse a form that does not ask IBM Cloud for a token with the right key."""
    content_type = request.headers.get("content-type", "").partition(";")[0]
    if content_type != "application/x-www-form-urlencoded":
        raise RefusedError(415, "Content-Type is not application/x-www-form-urlencoded")
    form = parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
    fields = dict(form)
    # IBM's own client asks for what it would get anyway.
    if fields.pop("response_type", "cloud_iam") != "cloud_iam":
        raise RefusedError(400, "response_type is not supported")
    if len(form) - len(fields) > 1 or fields.keys() != {"grant_type", "apikey"}:
        raise RefusedError(400, "The form is not grant_type and apikey")
    if fields["grant_type"] != _API_KEY_GRANT:
        raise RefusedError(400, "grant_type is not supported")
    if fields["apikey"] != api_key:
        raise RefusedError(400, "Provided API key could not be found")


def check_authorize(request: Request, username: str, secrets: dict[str, str]) -> None:
    """Refuse a body that does not give Cloud Pak for Data the user and one of the secrets."""
    body = read_json(request)
    if isinstance(body, dict):
        # IBM's own client names both secrets, and null is the one that it does not have.
        body = {name: value for name, value in body.items() if value is not None}
    names = body.keys() - {"username"} if isinstance(body, dict) else set()
    if not isinstance(body, dict) or "username" not in body or len(names) != 1:
        raise RefusedError(400, "The body is not username and password or api_key")
    (name,) = names
    if name not in secrets:
        raise RefusedError(400, "The body is not username and password or api_key")
    if body != {"username": username, name: secrets[name]}:
        raise RefusedError(401, "The user and the secret do not belong together")


def check_mcsp(request: Request, account_id: str, api_key: str) -> None:
    """Refuse what does not ask IBM's Multi-Cloud SaaS Platform for a token of this account."""
    paths = ("/api/2.0/apikeys/token", f"/api/2.0/accounts/{account_id}/apikeys/token")
    if request.path not in paths:
        raise RefusedError(404, "No such account")
    body = read_json(request)
    if not isinstance(body, dict) or body.keys() != {"apikey"}:
        raise RefusedError(400, "The body is not apikey")
    if body["apikey"] != api_key:
        raise RefusedError(401, "The API key is not known")
