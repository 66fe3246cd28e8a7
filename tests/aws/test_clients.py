"""Each service that is called has a client; all are botocore's, from one session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capture_forwarder import __version__
from capture_forwarder.aws.clients import (
    _session,
    dynamodb_client,
    s3_client,
    secrets_client,
    sqs_client,
    ssm_client,
)
from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.core.errors import SettingsError
from tests.support.fresh_process import run
from tests.support.template_values import PARAMETERS

CLIENTS = [
    (dynamodb_client, "dynamodb"),
    (s3_client, "s3"),
    (secrets_client, "secretsmanager"),
    (sqs_client, "sqs"),
    (ssm_client, "ssm"),
]
# urllib3 gives each of a name's addresses the time to connect. S3's has 8, and that of an endpoint
# in a network one for each Availability Zone.
ADDRESSES = {"s3": 8}
ZONES = 6
ADDED_TO_A_WAIT = 5  # seconds, the most that botocore lets a service add


@pytest.mark.parametrize(("make", "service"), CLIENTS)
def test_each_service_has_a_client(
    make: Callable[[], Any], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert make().meta.service_model.service_name == service


@pytest.mark.parametrize(("make", "service"), CLIENTS)
def test_no_call_takes_as_long_as_the_smallest_timeout_whatever_is_slow(
    make: Callable[[], Any], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    timeout = min(map(int, PARAMETERS["Timeout"]["AllowedValues"]))
    config = make().meta.config
    attempts = config.retries["total_max_attempts"]

    connecting = attempts * ADDRESSES.get(service, ZONES) * config.connect_timeout
    answering = attempts * (config.connect_timeout + config.read_timeout)
    waits = sum(2**n + ADDED_TO_A_WAIT for n in range(attempts - 1))

    assert config.retries["mode"] == "standard"
    assert max(connecting, answering, waits) < timeout / 2
    assert connecting + attempts * config.read_timeout + waits < timeout


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize(("make", "service"), CLIENTS)
def test_authorities_that_cannot_be_used_are_a_wrong_setting(
    make: Callable[[], Any],
    service: str,
    variable: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / f"{service}.pem"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(file))

    with pytest.raises(SettingsError) as missing:
        make()
    file.write_bytes(b"no certificate")
    with pytest.raises(SettingsError) as wrong:
        make()

    assert missing.value.problems[0].startswith(f"{variable}: the file {file} cannot be read")
    assert wrong.value.problems[0].startswith(f"{variable}: the file {file} holds no certificate")


def test_the_authorities_for_aws_go_before_those_for_all(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")

    assert s3_client().meta.service_model.service_name == "s3"


# Powertools, once it is imported, adds itself to all sessions that are made later.
NAMED = """
from moto import mock_aws
from capture_forwarder.aws.clients import s3_client
with mock_aws():
    client = s3_client()
    client.meta.events.register(
        "before-send.s3", lambda request, **_: print(request.headers["User-Agent"].decode())
    )
    client.create_bucket(Bucket="bucket")
"""


def test_requests_say_who_makes_them() -> None:
    assert run(NAMED) == [f"capture-forwarder/{__version__}"]


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
    ],
)
def test_the_region_is_that_of_the_variables_which_the_aws_cli_reads(
    variables: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _session.cache_clear()

    assert sqs_client().meta.region_name == AwsCalls().region == region
    assert sqs_client("us-east-1").meta.region_name == "us-east-1"
    assert AwsCalls(region="us-east-1").region == "us-east-1"


@pytest.mark.parametrize("make", [ssm_client, sqs_client])
def test_without_a_region_it_is_said_how_to_set_one(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    _session.cache_clear()

    with pytest.raises(SettingsError, match=r"no AWS region is set .* set AWS_REGION"):
        make()
