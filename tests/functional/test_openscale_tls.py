"""IBM's servers over TLS: a certificate that nobody vouches for is refused."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from capture_forwarder.batch import Batch
from capture_forwarder.clock import SystemClock
from capture_forwarder.columns import ColumnMapping
from capture_forwarder.errors import PlatformUnavailableError
from capture_forwarder.model import Inference
from capture_forwarder.publishers.ibm_server import Server
from capture_forwarder.publishers.ibm_tokens import IamTokens
from capture_forwarder.publishers.openscale import OpenScalePublisher
from capture_forwarder.publishers.openscale_target import DataSetRecords
from capture_forwarder.secret import FixedSecret
from tests.platforms.openscale import ACCOUNT, OpenScaleServer

ROW: dict[str, object] = {"age": 1, "score": 2, "scoring_timestamp": "2026-03-01T10:20:30Z"}


class TlsServer(OpenScaleServer):
    """The loopback OpenScale with a certificate."""

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a self-signed certificate for 127.0.0.1, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[TlsServer]:
    with TlsServer(certificate, certificate.with_suffix(".key")) as running:
        yield running


def publish(server: TlsServer, tokens_trust: str | None, openscale_trusts: str | None) -> None:
    clock = SystemClock()
    iam = Server(f"{server.url}/identity/token", 5, tokens_trust)
    tokens = IamTokens(iam, FixedSecret(ACCOUNT.api_key), clock)
    target = DataSetRecords(ACCOUNT.service_instance_id, ACCOUNT.data_set_id)
    openscale = Server(server.url, 5, openscale_trusts)
    OpenScalePublisher(openscale, tokens, target, ColumnMapping.of("age", "score"), clock).publish(
        Batch.of([Inference.of("call_0", ROW)])
    )


def test_a_certificate_of_ones_own_authority_is_trusted_where_its_file_is_given(
    server: TlsServer, certificate: Path
) -> None:
    publish(server, str(certificate), str(certificate))

    assert server.published_ids == ["call_0"]


def test_the_file_of_a_setting_is_trusted_whatever_requests_is_told(
    server: TlsServer, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))

    publish(server, str(certificate), str(certificate))

    assert server.published_ids == ["call_0"]


def test_a_certificate_that_nobody_vouches_for_gets_no_api_key(server: TlsServer) -> None:
    with pytest.raises(PlatformUnavailableError, match="cannot be verified"):
        publish(server, None, None)

    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_gets_no_token_and_no_row(
    server: TlsServer, certificate: Path
) -> None:
    with pytest.raises(PlatformUnavailableError, match="cannot be verified"):
        publish(server, str(certificate), None)

    assert [request.path for request in server.requests] == ["/identity/token"]
