"""Clients come from the same models as botocore's own, read another way."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

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
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        assert QuickLoader().load_data(name) == Loader().load_data(name)


def test_each_service_has_a_client() -> None:
    clients = (dynamodb_client, s3_client, secrets_client, sqs_client, ssm_client)
    made = [client().meta.service_model.service_name for client in clients]
    assert made == list(SERVICES)


def test_another_service_is_as_unknown_as_one_that_does_not_exist() -> None:
    session = botocore.session.get_session()
    session.register_component("data_loader", QuickLoader())
    with pytest.raises(UnknownServiceError):
        session.create_client("ec2", region_name="us-east-1")
