"""IBM's servers over TLS: a certificate that nobody vouches for is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PlatformUnavailableError
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher
from capture_forwarder.publishers.openscale.requests import DataSetRecords
from capture_forwarder.publishers.openscale.tokens import IamTokens
from tests.support.platforms.openscale import ACCOUNT, OpenScaleServer
from tests.support.rows import inference_of

ROW: dict[str, object] = {"age": 1, "score": 2, "scoring_timestamp": "2026-03-01T10:20:30Z"}


@pytest.fixture
def server(certificate: Path) -> Iterator[OpenScaleServer]:
    with OpenScaleServer() as running:
        running.use_tls(certificate)
        yield running


def publish(
    server: OpenScaleServer, tokens_trust: str | None, openscale_trusts: str | None
) -> None:
    clock = SystemClock()
    iam = Host(f"{server.url}/identity/token", 5, tokens_trust)
    tokens = IamTokens(iam, FixedSecret(ACCOUNT.api_key), clock)
    destination = DataSetRecords(ACCOUNT.service_instance_id, ACCOUNT.data_set_id, confirm=False)
    openscale = Host(server.url, 5, openscale_trusts)
    mapping = ColumnMapping.of("age", "score")
    publisher = OpenScalePublisher(openscale, tokens, destination, mapping, clock)
    publisher.publish(Batch.of([inference_of("call_0", ROW)]))


def test_a_certificate_of_ones_own_authority_is_trusted_where_its_file_is_given(
    server: OpenScaleServer, certificate: Path
) -> None:
    publish(server, str(certificate), str(certificate))

    assert server.published_ids == ["call_0"]


def test_the_file_of_a_setting_is_trusted_whatever_requests_is_told(
    server: OpenScaleServer, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))

    publish(server, str(certificate), str(certificate))

    assert server.published_ids == ["call_0"]


def test_a_certificate_that_nobody_vouches_for_gets_no_api_key(server: OpenScaleServer) -> None:
    with pytest.raises(PlatformUnavailableError, match="cannot be verified"):
        publish(server, None, None)

    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_gets_no_token_and_no_row(
    server: OpenScaleServer, certificate: Path
) -> None:
    with pytest.raises(PlatformUnavailableError, match="cannot be verified"):
        publish(server, str(certificate), None)

    assert [request.path for request in server.requests] == ["/identity/token"]
