"""Every platform over HTTP, through settings: own authorities, proxies, slowness, own limits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from moto import mock_aws

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    PlatformUnavailableError,
    SettingsError,
)
from tests.support.captures import TIME
from tests.support.fault_matrix.aws import AwsFaults
from tests.support.platforms.faults import Slow, Status
from tests.support.platforms.server import Request, Row
from tests.support.publishers_under_test.base import OverHttp
from tests.support.publishers_under_test.bench import Bench, CallOf
from tests.support.publishers_under_test.registry import OVER_HTTP
from tests.support.rows import inference_of

AWAY = "http://platform.example"


@pytest.fixture(params=OVER_HTTP)
def platform(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OverHttp]:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(), ExitStack() as stack:
        yield stack.enter_context(OVER_HTTP[request.param](tmp_path, AwsFaults()))


def setting(platform: OverHttp, name: str) -> str:
    return f"{platform.name.value.upper()}_{name}"


def batch_of(rows: int, plan: str = "basic") -> Batch:
    """Make a batch without asking the platform for its schema."""
    row: Row = {"x": 1, "plan": plan, "score": 0.5, "scoring_timestamp": TIME, "time": TIME}
    return Batch.of([inference_of(f"call-{n}", row) for n in range(rows)])


# --- certificates --------------------------------------------------------------------------


def test_an_own_authority_is_trusted_where_a_route_names_its_file(
    platform: OverHttp, certificate: Path
) -> None:
    platform.server.use_tls(certificate)
    bench = Bench(platform, **{setting(platform, "CA_FILE"): str(certificate)})

    bench.publish(bench.batch(1))

    assert bench.stored() == {"call-0": 1}


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_own_authority_is_trusted_where_the_environment_names_its_file(
    platform: OverHttp, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    platform.server.use_tls(certificate)
    monkeypatch.setenv(variable, str(certificate))
    bench = Bench(platform)

    bench.publish(bench.batch(1))

    assert bench.stored() == {"call-0": 1}


def test_a_certificate_that_nobody_vouches_for_gets_no_secret_and_no_row(
    platform: OverHttp, certificate: Path
) -> None:
    platform.server.use_tls(certificate)
    bench = Bench(platform)

    with pytest.raises(PlatformUnavailableError, match="cannot be verified") as caught:
        bench.publish(bench.batch(1))

    assert "ca_file" in caught.value.advice
    assert platform.server.requests == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
@pytest.mark.parametrize(
    "variable", ["CA_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]
)
def test_a_file_of_authorities_that_cannot_be_used_is_a_wrong_setting(
    platform: OverHttp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | None,
    variable: str,
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_bytes(content)
    own = variable == "CA_FILE"
    if not own:
        monkeypatch.setenv(variable, str(file))
    name = setting(platform, variable) if own else variable

    with pytest.raises(SettingsError) as caught:
        Bench(platform, **({name: str(file)} if own else {}))

    (problem,) = caught.value.problems
    assert problem.startswith(f"{name}: the file {file} ")
    assert "No such file" in problem if content is None else "holds no certificate" in problem


# --- proxies -------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_asked_for_whole_addresses(
    platform: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts: list[str] = []
    receive = platform.server.receive

    def as_a_proxy(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
        address = urlsplit(target)
        hosts.append(address.netloc)
        path = address._replace(scheme="", netloc="").geturl()
        return receive(method, path, headers, body)

    monkeypatch.setattr(platform.server, "receive", as_a_proxy)
    monkeypatch.setenv("HTTP_PROXY", platform.server.url)
    bench = Bench(platform, AWAY, **{setting(platform, "PLAIN_HTTP"): "true"})

    bench.publish(bench.batch(1))

    assert bench.stored() == {"call-0": 1}
    assert set(hosts) == {"platform.example"}


def test_an_address_that_the_environment_excepts_goes_past_the_proxy(
    platform: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    bench = Bench(platform)

    bench.publish(bench.batch(1))

    assert bench.stored() == {"call-0": 1}


# --- plain http ----------------------------------------------------------------------------


def test_no_secret_goes_to_another_machine_over_plain_http_unless_that_is_allowed(
    platform: OverHttp,
) -> None:
    with pytest.raises(SettingsError, match="unencrypted") as caught:
        Bench(platform, AWAY)

    assert all("is http://" in problem for problem in caught.value.problems)
    assert setting(platform, "") in caught.value.problems[0]


# --- slowness and limits -------------------------------------------------------------------


@pytest.mark.parametrize("status", [None, 408, 504])
def test_a_request_with_rows_that_takes_too_long_says_so(
    platform: OverHttp, status: int | None
) -> None:
    bench = Bench(platform, FORWARDER_REQUEST_TIMEOUT_SECONDS="0.3")
    bench.publish(bench.batch(1, "warm"))
    platform.server.fail_next(Status(status) if status else Slow(threading.Event()))

    error = bench.fails(bench.batch(2))

    if status in platform.failures_that_refuse:
        assert isinstance(error, BatchRefusedError)
        return
    assert isinstance(error, PlatformUnavailableError)
    assert error.timed_out


@pytest.mark.parametrize("status", [429, 500, 503])
def test_other_trouble_says_nothing_about_the_size_of_a_request(
    platform: OverHttp, status: int
) -> None:
    bench = Bench(platform)
    platform.server.fail_next(Status(status))

    error = bench.fails(bench.batch(2))

    if status in platform.failures_that_refuse:
        assert isinstance(error, BatchRefusedError)
        return
    assert isinstance(error, PlatformUnavailableError)
    assert not error.timed_out


def test_a_platform_that_nobody_reaches_says_nothing_about_the_size_of_a_request(
    platform: OverHttp,
) -> None:
    error = Bench(platform, "http://127.0.0.1:9").fails(batch_of(2))

    assert isinstance(error, PlatformUnavailableError)
    assert not error.timed_out


def test_the_rows_and_bytes_of_a_request_are_those_of_the_settings(platform: OverHttp) -> None:
    own = {setting(platform, "BATCH_ROWS"): "7", setting(platform, "BATCH_BYTES"): "4000"}
    bench = Bench(platform, **own)

    assert bench.publisher.limits.rows == 7
    assert bench.publisher.limits.bytes <= 4000
    batches = bench.batches(*(CallOf(f"call-{n}") for n in range(20)))
    assert sum(map(len, batches)) == 20
    assert max(map(len, batches)) <= 7
    with pytest.raises(BatchTooLargeError, match="A request may have 4000"):
        bench.publish(batch_of(3, "x" * 2000))
