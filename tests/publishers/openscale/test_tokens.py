"""Tokens of IBM Cloud, Cloud Pak for Data and MCSP, from a loopback of all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal
from urllib.parse import parse_qs

import pytest

from capture_forwarder.core.errors import (
    CredentialsRefusedError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
    PublishError,
)
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.tokens import (
    CloudPakTokens,
    IamTokens,
    McspTokens,
    Tokens,
)
from tests.support.fakes import ManualClock
from tests.support.platforms.faults import (
    CUT_JSON,
    GARBAGE_JSON,
    LOGIN_PAGE,
    Answer,
    Fault,
    Reset,
    Slow,
    Status,
    Truncated,
    path,
)
from tests.support.platforms.openscale import ACCOUNT, OpenScaleServer

IAM, AUTHORIZE = "/identity/token", "/icp4d-api/v1/authorize"


class Stored:
    """A secret whose stored value can differ from the copy that is at hand."""

    def __init__(self, kept: str, stored: str) -> None:
        self._kept = kept
        self._stored = stored
        self.fresh_reads = 0

    def value(self, *, fresh: bool = False) -> str:
        if fresh:
            self._kept = self._stored
            self.fresh_reads += 1
        return self._kept


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(clock: ManualClock) -> Iterator[OpenScaleServer]:
    with OpenScaleServer(clock=clock.monotonic) as running:
        yield running


@pytest.fixture
def iam(server: OpenScaleServer, clock: ManualClock) -> IamTokens:
    return IamTokens(Host(f"{server.url}{IAM}", 5.0), FixedSecret(ACCOUNT.api_key), clock)


@pytest.fixture
def cloud_pak(server: OpenScaleServer, clock: ManualClock) -> CloudPakTokens:
    secret = FixedSecret(ACCOUNT.password)
    server_ = Host(f"{server.url}/", 5.0)
    return CloudPakTokens(server_, ACCOUNT.username, secret, clock, field="password")


@pytest.fixture
def mcsp(server: OpenScaleServer, clock: ManualClock) -> McspTokens:
    secret = FixedSecret(ACCOUNT.api_key)
    return McspTokens(Host(server.url, 5.0), secret, clock, account_id=ACCOUNT.account_id)


@pytest.fixture(params=["iam", "cloud_pak", "mcsp"])
def tokens(request: pytest.FixtureRequest) -> Tokens:
    made: Tokens = request.getfixturevalue(request.param)
    return made


def test_ibm_cloud_is_asked_by_a_form_with_the_api_key(
    server: OpenScaleServer, iam: IamTokens
) -> None:
    assert iam.value() == "loopback-token-1"

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", IAM)
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["urn:ibm:params:oauth:grant-type:apikey"],
        "apikey": [ACCOUNT.api_key],
    }


def test_aws_is_asked_by_the_account_and_its_key(server: OpenScaleServer, mcsp: McspTokens) -> None:
    assert mcsp.value().count(".") == 2

    (request,) = server.requests
    assert (request.method, request.path) == (
        "POST",
        f"/api/2.0/accounts/{ACCOUNT.account_id}/apikeys/token",
    )
    assert parse_qs(request.query) == {
        "includeBuiltinActions": ["false"],
        "includeCustomActions": ["false"],
        "includeRoles": ["true"],
        "prefixRolesWithDefinitionScope": ["false"],
    }
    assert request.json == {"apikey": ACCOUNT.api_key}


def test_aws_is_asked_by_the_key_alone_where_no_account_is_set(
    server: OpenScaleServer, clock: ManualClock
) -> None:
    McspTokens(Host(server.url, 5.0), FixedSecret(ACCOUNT.api_key), clock).value()

    (request,) = server.requests
    assert (request.path, request.query) == ("/api/2.0/apikeys/token", "")


def test_a_token_of_aws_is_renewed_after_80_per_cent_of_what_it_says_itself(
    server: OpenScaleServer, mcsp: McspTokens, clock: ManualClock
) -> None:
    server.expires_in = 1000
    first = mcsp.value()
    clock.time = 799
    assert mcsp.value() == first
    clock.time = 801
    assert mcsp.value() != first


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.e30.c", "a.!.c"])
def test_a_token_of_aws_that_says_nothing_is_renewed_within_half_an_hour(
    server: OpenScaleServer, mcsp: McspTokens, clock: ManualClock, token: str
) -> None:
    server.fail_when(path("/api/2.0/"), Answer(f'{{"token": "{token}"}}'.encode()))
    assert mcsp.value() == token
    clock.time = 1439
    mcsp.value()
    assert len(server.requests) == 1
    clock.time = 1441
    mcsp.value()
    assert len(server.requests) == 2


@pytest.mark.parametrize("field", ["password", "api_key"])
def test_a_cloud_pak_is_asked_by_the_user_and_a_password_or_key(
    server: OpenScaleServer, clock: ManualClock, field: Literal["password", "api_key"]
) -> None:
    secret = FixedSecret(getattr(ACCOUNT, field))
    tokens = CloudPakTokens(Host(server.url, 5.0), ACCOUNT.username, secret, clock, field=field)

    assert tokens.value() == "loopback-token-1"

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", AUTHORIZE)
    assert request.json == {"username": ACCOUNT.username, field: secret.value()}


def test_a_token_is_kept_until_most_of_its_time_has_passed(
    server: OpenScaleServer, iam: IamTokens, clock: ManualClock
) -> None:
    server.expires_in = 1000
    iam.value()
    clock.time = 799
    assert iam.value() == "loopback-token-1"
    clock.time = 800
    assert iam.value() == "loopback-token-2"
    assert server.tokens_issued == 2


def test_a_cloud_paks_token_is_taken_to_live_for_half_an_hour(
    cloud_pak: CloudPakTokens, clock: ManualClock
) -> None:
    cloud_pak.value()
    clock.time = 1439
    assert cloud_pak.value() == "loopback-token-1"
    clock.time = 1440
    assert cloud_pak.value() == "loopback-token-2"


def test_several_threads_share_one_token(server: OpenScaleServer, tokens: Tokens) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = set(pool.map(lambda _: tokens.value(), range(50)))

    assert len(given) == 1
    assert server.tokens_issued == 1


def test_a_refused_token_is_replaced_once_for_all_that_met_the_refusal(
    server: OpenScaleServer, tokens: Tokens
) -> None:
    refused = tokens.value()
    with ThreadPoolExecutor(8) as pool:
        given = set(pool.map(lambda _: tokens.value(refused), range(50)))

    assert len(given) == 1
    assert refused not in given
    assert server.tokens_issued == 2


def test_a_rotated_api_key_is_read_again(server: OpenScaleServer, clock: ManualClock) -> None:
    key = Stored("old", ACCOUNT.api_key)
    tokens = IamTokens(Host(f"{server.url}{IAM}", 5.0), key, clock)

    assert tokens.value() == "loopback-token-1"
    assert (key.fresh_reads, len(server.requests)) == (1, 2)


def test_a_rotated_password_is_read_again(server: OpenScaleServer, clock: ManualClock) -> None:
    key = Stored("old", ACCOUNT.password)
    tokens = CloudPakTokens(Host(server.url, 5.0), ACCOUNT.username, key, clock, field="password")

    assert tokens.value() == "loopback-token-1"


@pytest.mark.parametrize("keys", [("wrong-key", "wrong-key"), ("wrong-key", "wronger-key")])
def test_a_wrong_key_says_where_to_put_a_right_one(
    server: OpenScaleServer, clock: ManualClock, keys: tuple[str, str]
) -> None:
    tokens = IamTokens(Host(f"{server.url}{IAM}", 5.0), Stored(*keys), clock)

    with pytest.raises(CredentialsRefusedError, match="OPENSCALE_API_KEY") as caught:
        tokens.value()

    assert len(server.requests) == len(set(keys))
    assert not any(key in str(caught.value) for key in keys)


def test_a_wrong_password_says_what_to_look_at(server: OpenScaleServer, clock: ManualClock) -> None:
    secret = FixedSecret("wrong-password")
    tokens = CloudPakTokens(Host(server.url, 5.0), "ada", secret, clock, field="password")

    with pytest.raises(
        CredentialsRefusedError, match="OPENSCALE_USERNAME and at OPENSCALE_PASSWORD"
    ) as caught:
        tokens.value()
    assert "wrong-password" not in str(caught.value)


SECRET = "eyJ.very-secret"  # noqa: S105
FAULTS = [
    (Status(429), PlatformUnavailableError),
    (Status(500), PlatformUnavailableError),
    (Status(503, body="html"), PlatformUnavailableError),
    (Reset(stored=False), PlatformUnavailableError),
    (Truncated(), PlatformUnavailableError),
    (LOGIN_PAGE, PlatformUnavailableError),
    (GARBAGE_JSON, PlatformUnavailableError),
    (CUT_JSON, PlatformUnavailableError),
    (Answer(f'{{"access_token": "{SECRET}"}}'.encode()), PlatformUnavailableError),
    (
        Answer(f'{{"access_token": "{SECRET}", "expires_in": 0}}'.encode()),
        PlatformUnavailableError,
    ),
    (
        Answer(f'{{"access_token": "{SECRET}\\n", "token": "ü", "expires_in": 60}}'.encode()),
        PlatformUnavailableError,
    ),
    (Answer(b'{"access_token": "", "token": "", "expires_in": 60}'), PlatformUnavailableError),
    (Answer(b'\xff{"token": 1}'), PlatformUnavailableError),
    (Status(302), PublisherMisconfiguredError),
    (Status(403), PublisherMisconfiguredError),
    (Status(404, body="html"), PublisherMisconfiguredError),
    (Status(400), CredentialsRefusedError),
    (Status(401), CredentialsRefusedError),
]


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=lambda value: str(value)[:60])
def test_whatever_goes_wrong_is_one_of_our_errors_after_one_try(
    server: OpenScaleServer, tokens: Tokens, fault: Fault, kind: type[PublishError]
) -> None:
    server.fail_when(path("/"), fault)

    with pytest.raises(kind) as caught:
        tokens.value()

    assert len(server.requests) == 1
    assert server.url in caught.value.message
    assert caught.value.advice
    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.__cause__)
    assert ACCOUNT.api_key not in str(caught.value)


def test_the_time_that_iam_asks_to_wait_is_told(server: OpenScaleServer, iam: IamTokens) -> None:
    server.fail_when(path(IAM), Status(429, retry_after=9))

    with pytest.raises(PlatformUnavailableError) as caught:
        iam.value()

    assert caught.value.retry_after == 9


def test_a_failed_fetch_is_tried_again_by_the_next_request(
    server: OpenScaleServer, tokens: Tokens
) -> None:
    server.fail_when(path("/"), Status(503))
    with pytest.raises(PlatformUnavailableError):
        tokens.value()
    server.faults.clear()

    assert tokens.value()


def test_while_no_token_can_be_had_the_old_one_is_used_to_its_end(
    server: OpenScaleServer, iam: IamTokens, clock: ManualClock
) -> None:
    server.expires_in = 1000
    iam.value()
    server.fail_when(path(IAM), Status(503))
    tries = []
    for time in (800, 810, 829, 830, 999):
        clock.time = time
        assert iam.value() == "loopback-token-1"
        tries.append(len(server.requests) - 1)

    assert tries == [1, 1, 1, 2, 3]
    clock.time = 1000
    with pytest.raises(PlatformUnavailableError):
        iam.value()


def test_a_refused_token_is_not_used_again_though_no_other_can_be_had(
    server: OpenScaleServer, iam: IamTokens
) -> None:
    token = iam.value()
    server.fail_when(path(IAM), Status(503))

    for refused in (token, None):
        with pytest.raises(PlatformUnavailableError):
            iam.value(refused)


def test_threads_that_wait_for_a_fetch_share_its_failure(
    server: OpenScaleServer, tokens: Tokens
) -> None:
    release = threading.Event()
    server.fail_when(path("/"), Slow(release, then=Status(503)))
    together = threading.Barrier(4)

    def ask() -> str:
        together.wait()
        with pytest.raises(PlatformUnavailableError) as caught:
            tokens.value()
        return caught.value.message

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        while not server.requests:
            threading.Event().wait(0.01)
        threading.Event().wait(0.2)
        release.set()
        messages = {answer.result() for answer in asked}

    assert len(messages) == 1
    assert len(server.requests) == 1


def test_an_unreachable_address_says_which_setting_to_look_at(clock: ManualClock) -> None:
    tokens = IamTokens(Host("http://127.0.0.1:9/identity/token", 5.0), FixedSecret("k"), clock)

    with pytest.raises(PlatformUnavailableError, match="OPENSCALE_IAM_URL"):
        tokens.value()
