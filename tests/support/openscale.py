"""What the tests of the OpenScale publisher share."""

from __future__ import annotations

import dataclasses

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.inference import Inference
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher
from capture_forwarder.publishers.openscale.requests import (
    DataSetRecords,
    Destination,
    ScoringPayloads,
)
from capture_forwarder.publishers.openscale.tokens import IamTokens
from tests.support.fakes import ManualClock
from tests.support.platforms.openscale import ACCOUNT, OpenScaleServer
from tests.support.rows import inference_of

MAPPING = ColumnMapping.of("age,plan", "score")
WHEN = "2026-03-01T10:20:30Z"
RECORDS = DataSetRecords(ACCOUNT.service_instance_id, ACCOUNT.data_set_id, confirm=False)
BY_SUBSCRIPTION = dataclasses.replace(
    RECORDS, data_set_id=None, subscription_id=ACCOUNT.subscription_id
)
CONFIRMED = DataSetRecords(ACCOUNT.service_instance_id, ACCOUNT.data_set_id)
PAYLOADS = ScoringPayloads(
    ACCOUNT.data_mart_id, ACCOUNT.binding_id, ACCOUNT.subscription_id, ACCOUNT.deployment_id
)
RECORDS_PATH = (
    f"/openscale/{ACCOUNT.service_instance_id}/v2/data_sets/{ACCOUNT.data_set_id}/records"
)
PAYLOADS_PATH = f"/v1/data_marts/{ACCOUNT.data_mart_id}/scoring_payloads"
BOTH = pytest.mark.parametrize("destination", [RECORDS, PAYLOADS], ids=["v2", "v1"])


def iam(server: OpenScaleServer, clock: ManualClock) -> IamTokens:
    return IamTokens(Host(f"{server.url}/identity/token", 5), FixedSecret(ACCOUNT.api_key), clock)


def publisher(
    server: OpenScaleServer,
    clock: ManualClock,
    destination: Destination = RECORDS,
    *,
    mapping: ColumnMapping = MAPPING,
    timeout: float = 5,
) -> OpenScalePublisher:
    tokens = iam(server, clock)
    return OpenScalePublisher(Host(server.url, timeout), tokens, destination, mapping, clock)


def deliverer(publisher: OpenScalePublisher, clock: ManualClock) -> BatchSender:
    return BatchSender(publisher, clock, retry_seconds=60, jitter=lambda: 1.0)


def inference(name: str, number: int = 0, plan: str = "basic") -> Inference:
    row: dict[str, object] = {"age": number, "plan": plan, "score": number / 8}
    return inference_of(name, {**row, "scoring_timestamp": WHEN})


def batch(count: int = 3) -> Batch:
    return Batch.of([inference(f"call_{n}", n) for n in range(count)])


def ids(count: int = 3) -> list[str]:
    return [f"call_{n}" for n in range(count)]
