"""Clients come from the same models as botocore's own, read another way."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto import mock_aws

from capture_forwarder import __version__
from capture_forwarder.aws.clients import (
    dynamodb_client,
    s3_client,
    secrets_client,
    sqs_client,
    ssm_client,
)
from capture_forwarder.aws.models import SERVICES, QuickLoader


@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_model_is_the_one_that_botocore_reads(service: str, kind: str) -> None:
    assert QuickLoader().load_service_model(service, kind) == Loader().load_service_model(
        service, kind
    )


def test_what_botocore_reads_besides_is_the_same() -> None:
    for name in ("partitions", "sdk-default-configuration", "_retry"):
        assert QuickLoader().load_data(name) == Loader().load_data(name)


def test_the_endpoints_are_those_of_the_services_that_are_asked() -> None:
    loader = QuickLoader()
    asked = {
        ServiceModel(loader.load_service_model(service, "service-2")).endpoint_prefix
        for service in loader.list_available_services("service-2")
    }
    assert asked >= set(SERVICES)
    whole = Loader().load_data("endpoints")
    for partition in whole["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in asked if name in services}
    assert loader.load_data("endpoints") == whole


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 4}',
        '{"partitions": {"aws": {}}, "version": 3}',
        '{"partitions": [{"services": {}}], "version": 3}',
        '{"partitions": [], "version": 3, "more": {}}',
    ],
)
def test_endpoints_that_are_written_in_another_way_are_read_as_they_are(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "endpoints.json").write_text(text)
    read = QuickLoader().file_loader.load_file(str(tmp_path / "endpoints"))
    assert read == json.loads(text)


def test_each_service_has_a_client() -> None:
    clients = (dynamodb_client, s3_client, secrets_client, sqs_client, ssm_client)
    made = [client().meta.service_model.service_name for client in clients]
    assert made == list(SERVICES)


def test_another_service_is_as_unknown_as_one_that_does_not_exist() -> None:
    session = botocore.session.get_session()
    session.register_component("data_loader", QuickLoader())
    with pytest.raises(UnknownServiceError):
        session.create_client("ec2", region_name="us-east-1")


def test_a_profile_may_take_on_a_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile own]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = not-a-secret\n"
        "[profile role]\nsource_profile = own\nrole_arn = arn:aws:iam::123456789012:role/reader\n"
    )
    with mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.setenv("AWS_PROFILE", "role")
        session = botocore.session.get_session()
        session.register_component("data_loader", QuickLoader())
        credentials = session.get_credentials()
        assert credentials is not None
        assert credentials.get_frozen_credentials().token
        monkeypatch.undo()


@mock_aws
def test_requests_say_who_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = s3_client()
    named: list[bytes] = []
    client.meta.events.register(
        "before-send.s3", lambda request, **_: named.append(request.headers["User-Agent"])
    )

    client.create_bucket(Bucket="bucket")

    assert named == [f"capture-forwarder/{__version__}".encode()]
