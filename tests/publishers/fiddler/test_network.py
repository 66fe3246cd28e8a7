"""The way to Fiddler, with the real client: TLS, proxies, and connections that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.core.inference import Inference
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model
from tests.support.platforms.server import Request

MODEL = Model.of(inputs={"age": "int"}, outputs={"score": "float"}, event_id_col="event_id")
BATCH = Batch.of([Inference.of("call_0", {"event_id": "call_0", "age": 1, "score": 0.5})])


class Proxy(FiddlerServer):
    """A proxy that is asked for whole addresses, and answers for all of them as Fiddler."""

    def __init__(self) -> None:
        super().__init__(MODEL)
        self.hosts: list[str] = []

    def receive(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
        address = urlsplit(target)
        self.hosts.append(address.netloc)
        path = address._replace(scheme="", netloc="").geturl()
        return super().receive(method, path, headers, body)


@pytest.fixture
def server() -> Iterator[FiddlerServer]:
    with FiddlerServer(MODEL) as running:
        yield running


def publisher(url: str) -> FiddlerPublisher:
    token = FixedSecret(TOKEN)
    return FiddlerPublisher(url, token, UUID(MODEL_ID), timeout=5.0, clock=SystemClock())


def test_a_certificate_of_ones_own_authority_is_trusted_where_its_file_is_given(
    server: FiddlerServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.use_tls(certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    publisher(server.url).publish(BATCH)

    assert server.published_ids == ["call_0"]


def test_a_certificate_that_nobody_vouches_for_gets_no_token_and_no_row(
    server: FiddlerServer, certificate: Path
) -> None:
    server.use_tls(certificate)

    with pytest.raises(PlatformUnavailableError, match="cannot be verified"):
        publisher(server.url).publish(BATCH)

    assert server.requests == []


def test_a_proxy_of_the_environment_is_asked_for_the_whole_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        publisher("http://fiddler.example").publish(BATCH)

        assert proxy.published_ids == ["call_0"]
        assert set(proxy.hosts) == {"fiddler.example"}


def test_rows_take_the_connection_that_logged_in(server: FiddlerServer) -> None:
    fiddler = publisher(server.url)

    for _ in range(3):
        fiddler.publish(BATCH)

    assert server.open_connections == 1
