"""AWS in front of a partner app, and requests to send to it.

What it makes of a signature is written without botocore, from the IAM User Guide, "Create a
signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import requests
from botocore.credentials import Credentials

from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model
from tests.support.platforms.server import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

ARN = "arn:aws:sagemaker:eu-west-3:123456789012:partner-app/app-ABCDEF123456"
BEARER = f"Bearer {TOKEN}"
KEYS = {"AKIDFIRST": "first/secret+key", "AKIDSECOND": "second/secret+key"}
FIRST = Credentials("AKIDFIRST", KEYS["AKIDFIRST"], "first-session-token")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)

REQUESTS: dict[str, dict[str, Any]] = {
    "no body": {"method": "GET", "url": f"/v3/models/{MODEL_ID}"},
    "empty body": {"method": "POST", "url": "/v3/events", "data": b""},
    "bytes": {"method": "POST", "url": "/v3/events", "data": b'{"events": []}'},
    "text": {"method": "POST", "url": "/v3/events", "data": '{"name": "Zoë"}'},
    "form": {"method": "POST", "url": "/v3/events", "data": {"name": "a b"}},
    "query": {"method": "GET", "url": "/v3/models", "params": {"limit": "1", "filter": "a b+c"}},
    "query in the url": {"method": "GET", "url": "/v3/models?z=1&name=a+b&name=A&empty="},
    "plus and space in the path": {"method": "GET", "url": "/v3/models/a+b c"},
}

ALGORITHM = "AWS4-HMAC-SHA256"


def prepared(*, method: str, url: str, **more: Any) -> requests.PreparedRequest:
    """A request as a session hands it to its `auth`."""
    with requests.Session() as session:
        request = requests.Request(
            method, f"https://app-1.partner-app.sagemaker.eu-west-3.app.aws{url}", **more
        )
        request.headers = {"Authorization": BEARER, "Content-Type": "application/json"}
        session.trust_env = False
        return session.prepare_request(request)


@dataclass(frozen=True)
class Signature:
    """What an Authorization header says."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str

    @classmethod
    def of(cls, authorization: str) -> Signature:
        algorithm, _, rest = authorization.partition(" ")
        assert algorithm == ALGORITHM
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        key_id, date, region, service, last = fields["Credential"].split("/")
        assert last == "aws4_request"
        names = tuple(fields["SignedHeaders"].split(";"))
        return cls(key_id, date, region, service, names, fields["Signature"])


def is_signed(request: Request, secret_key: str) -> bool:
    """Tell whether a request is signed, as it arrived, with a secret access key."""
    signature = Signature.of(request.headers["authorization"])
    digest = request.headers["x-amz-content-sha256"]
    if digest not in {"UNSIGNED-PAYLOAD", hashlib.sha256(request.body).hexdigest()}:
        return False
    headers = [f"{n}:{' '.join(request.headers[n].split())}" for n in signature.signed_headers]
    # A plus is a space to whoever reads a query; what is signed is each name and value on its own.
    pairs = parse_qsl(request.query, keep_blank_values=True, strict_parsing=bool(request.query))
    query = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in pairs)
    lines = [
        request.method,
        quote(request.path),  # encoded twice: the path has been encoded to be sent
        "&".join(f"{name}={value}" for name, value in query),
        *headers,
        "",
        ";".join(signature.signed_headers),
        digest,
    ]
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    to_sign = "\n".join([ALGORITHM, request.headers["x-amz-date"], scope, hashed])
    key = f"AWS4{secret_key}".encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(key.hex(), signature.value)


class PartnerApp(FiddlerServer):
    """Fiddler as a partner app: only what is signed with a known key comes through.

    Parameters
    ----------
    secret_keys
        Access key id → secret access key.
    """

    def __init__(self, model: Model, secret_keys: Mapping[str, str]) -> None:
        super().__init__(model)
        self._secret_keys = secret_keys

    @property
    def last(self) -> Request:
        """The request that arrived last."""
        return self.requests[-1]

    @property
    def last_signature(self) -> Signature:
        """The signature of the request that arrived last."""
        return Signature.of(self.last.headers["authorization"])

    def handle(self, request: Request) -> Reply:
        if not request.headers.get("authorization", "").startswith(ALGORITHM):
            return Reply.of_json(403, {"message": "Missing Authentication Token"})
        secret_key = self._secret_keys.get(Signature.of(request.headers["authorization"]).key_id)
        if secret_key is None or not is_signed(request, secret_key):
            return Reply.of_json(403, {"message": "The request signature does not match"})
        return super().handle(request)
