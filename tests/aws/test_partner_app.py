"""Requests to Fiddler as a SageMaker partner app are signed as AWS wants them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fiddler as fdl
import pytest
import requests
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.aws.partner_app import PartnerAppAuth
from capture_forwarder.core.errors import PlatformUnavailableError, PublisherMisconfiguredError
from tests.support.partner_app_reference import (
    ARN,
    BEARER,
    FIRST,
    KEYS,
    NOON,
    REQUESTS,
    PartnerApp,
    is_signed,
    prepared,
)
from tests.support.platforms.faults import Status
from tests.support.platforms.fiddler import CHURN_MODEL, MODEL_ID, TOKEN
from tests.support.platforms.server import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

anything = pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())


@pytest.fixture
def app() -> Iterator[PartnerApp]:
    with PartnerApp(CHURN_MODEL, KEYS) as running:
        yield running


def auth(credentials: Credentials | None = FIRST) -> PartnerAppAuth:
    return PartnerAppAuth(ARN, lambda: credentials)


def send(
    app: PartnerApp, using: PartnerAppAuth | None, *, method: str, url: str, **more: Any
) -> requests.Response:
    with requests.Session() as session:
        session.auth = using
        session.trust_env = False
        session.headers["Authorization"] = BEARER
        return session.request(method, app.url + url, timeout=10, allow_redirects=False, **more)


def read_model(app: PartnerApp, using: PartnerAppAuth | None) -> requests.Response:
    return send(app, using, **REQUESTS["no body"])


def connect(app: PartnerApp) -> fdl.Connection:
    connection = fdl.Connection(url=app.url, token=TOKEN, validate=False)
    connection.client.session.auth = auth()
    return connection


@anything
def test_what_is_signed_is_let_through_to_fiddler(
    app: PartnerApp, request_: dict[str, Any]
) -> None:
    answer = send(app, auth(), **request_)

    assert answer.status_code != 403
    assert app.last.headers["host"] in app.url
    assert {"host", "x-amz-date", "x-amz-content-sha256"} <= {*app.last_signature.signed_headers}


def test_what_is_not_signed_is_not_let_through(app: PartnerApp) -> None:
    assert read_model(app, None).status_code == 403
    wrong = Credentials("AKIDFIRST", KEYS["AKIDSECOND"])
    assert read_model(app, auth(wrong)).status_code == 403
    assert read_model(app, auth()).status_code == 200


@given(
    query=st.dictionaries(st.text(), st.text()),
    body=st.none() | st.binary() | st.text(),
)
def test_any_query_and_any_body_are_signed_as_they_are_read(
    query: dict[str, str], body: bytes | str | None
) -> None:
    request = auth()(prepared(method="POST", url="/v3/events", params=query, data=body))

    parts = urlsplit(request.url or "")
    raw = request.body or b""
    received = Request(
        sequence=1,
        publish_number=1,
        method="POST",
        path=parts.path,
        query=parts.query,
        headers={"host": parts.netloc, **{n.lower(): v for n, v in request.headers.items()}},
        body=raw.encode() if isinstance(raw, str) else raw,
    )
    assert is_signed(received, KEYS["AKIDFIRST"])
    assert not is_signed(received, KEYS["AKIDSECOND"])


def test_the_bearer_token_moves_to_a_header_of_its_own(app: PartnerApp) -> None:
    assert read_model(app, auth()).status_code == 200

    assert app.last.headers["x-amz-partner-app-authorization"] == BEARER
    assert "x-amz-partner-app-authorization" in app.last_signature.signed_headers
    assert TOKEN not in app.last.headers["authorization"]


def test_a_request_without_a_token_gets_none() -> None:
    request = prepared(**REQUESTS["no body"])
    del request.headers["Authorization"]

    assert "X-Amz-Partner-App-Authorization" not in auth()(request).headers


def test_a_password_in_a_netrc_file_does_not_take_the_token_s_place(
    app: PartnerApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password lovelace")
    monkeypatch.setenv("NETRC", str(netrc))

    answer = connect(app).client.get(url=f"/v3/models/{MODEL_ID}")

    assert answer.ok
    assert app.last.headers["x-amz-partner-app-authorization"] == BEARER


def test_the_app_and_the_action_are_named_and_signed(app: PartnerApp) -> None:
    read_model(app, auth())

    named = {
        "x-sagemaker-partner-app-server-arn": ARN,
        "x-amz-target": "SageMaker.CallPartnerAppApi",
        "x-amz-security-token": "first-session-token",
    }
    assert named.items() <= app.last.headers.items()
    assert {*named} <= {*app.last_signature.signed_headers}


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (b"[1, 2]", hashlib.sha256(b"[1, 2]").hexdigest()),
        ("[1, 2]", "UNSIGNED-PAYLOAD"),
        (b"", hashlib.sha256().hexdigest()),
        ("", hashlib.sha256().hexdigest()),
        (None, hashlib.sha256().hexdigest()),
    ],
)
def test_the_digest_of_bytes_is_signed_and_text_is_not(
    app: PartnerApp, body: bytes | str | None, digest: str
) -> None:
    send(app, auth(), method="POST", url="/v3/events", data=body)

    assert app.last.headers["x-amz-content-sha256"] == digest


def test_the_connection_header_is_sent_and_not_signed(
    app: PartnerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in older releases of botocore, which sign it.
    monkeypatch.setattr("botocore.auth.SIGNED_HEADERS_BLACKLIST", [])

    read_model(app, auth())

    assert app.last.headers["connection"] == "keep-alive"
    assert "connection" not in app.last_signature.signed_headers


def test_a_space_in_the_url_is_sent_as_it_is_signed(app: PartnerApp) -> None:
    send(app, auth(), method="GET", url="/v3/models", params={"filter": "a b+c"})

    assert app.last.query == "filter=a%20b%2Bc"


def test_the_region_is_the_one_of_the_arn(app: PartnerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")

    read_model(app, auth())

    assert app.last_signature.region == "eu-west-3"
    assert app.last_signature.service == "sagemaker"


def test_credentials_without_a_session_have_no_session_token(app: PartnerApp) -> None:
    assert read_model(app, auth(Credentials("AKIDFIRST", KEYS["AKIDFIRST"]))).status_code == 200

    assert "x-amz-security-token" not in app.last.headers


def test_credentials_of_the_environment_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDSECOND")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["AKIDSECOND"])
    with PartnerApp(CHURN_MODEL, KEYS) as app:
        assert read_model(app, PartnerAppAuth(ARN)).status_code == 200

        assert app.last_signature.key_id == "AKIDSECOND"


def test_credentials_that_have_been_refreshed_are_used(app: PartnerApp) -> None:
    now = NOON
    second = {
        "access_key": "AKIDSECOND",
        "secret_key": KEYS["AKIDSECOND"],
        "token": "second-session-token",
        "expiry_time": (NOON + timedelta(hours=12)).isoformat(),
    }
    of_a_role = RefreshableCredentials(
        FIRST.access_key,
        FIRST.secret_key,
        "first-session-token",
        expiry_time=NOON + timedelta(hours=1),
        refresh_using=lambda: second,
        method="test",
        time_fetcher=lambda: now,
    )
    using = auth(of_a_role)
    assert read_model(app, using).status_code == 200
    assert app.last_signature.key_id == "AKIDFIRST"

    now += timedelta(hours=2)

    assert read_model(app, using).status_code == 200
    assert app.last_signature.key_id == "AKIDSECOND"
    assert app.last.headers["x-amz-security-token"] == "second-session-token"


def test_an_arn_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="must be the ARN of a SageMaker partner app"):
        PartnerAppAuth(ARN.replace("partner-app/", "mlflow-app/"))


def test_nothing_is_looked_for_before_the_first_request() -> None:
    def find() -> Credentials:
        pytest.fail("looked for credentials")

    PartnerAppAuth(ARN, find)


def test_no_credentials_are_a_fault_of_the_settings() -> None:
    with pytest.raises(PublisherMisconfiguredError, match="no AWS credentials"):
        auth(None)(prepared(**REQUESTS["no body"]))


def test_credentials_that_cannot_be_read_now_are_worth_another_try() -> None:
    def find() -> Credentials:
        raise CredentialRetrievalError(provider="container-role", error_msg="quoted secret")

    with pytest.raises(PlatformUnavailableError, match="CredentialRetrievalError") as raised:
        PartnerAppAuth(ARN, find)(prepared(**REQUESTS["no body"]))

    assert "quoted secret" not in str(raised.value)


def test_fiddlers_own_client_is_let_through(app: PartnerApp) -> None:
    connection = connect(app)

    assert str(connection.server_version) == app.server_version
    answer = connection.client.get(url=f"/v3/models/{MODEL_ID}", params={"note": "a b"})
    assert answer.json()["data"]["id"] == MODEL_ID


def test_every_try_is_signed_anew(app: PartnerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", "10")
    times = iter(NOON.replace(tzinfo=None) + timedelta(minutes=n) for n in range(9))
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: next(times))
    app.fail_when(lambda request: request.sequence == 1, Status(503))

    assert connect(app).client.get(url=f"/v3/models/{MODEL_ID}").ok

    dates = [request.headers["x-amz-date"] for request in app.requests]
    assert dates == ["20250601T120000Z", "20250601T120100Z"]
