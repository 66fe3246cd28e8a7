"""Our requests to OpenScale's older API beside those of IBM's own client for it, field by field."""

from __future__ import annotations

import dataclasses
import json

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher
from capture_forwarder.publishers.openscale.requests import ScoringPayloads
from capture_forwarder.publishers.openscale.tokens import IamTokens
from tests.support.fakes import ManualClock
from tests.support.platforms.openscale import ACCOUNT, OpenScaleServer
from tests.support.platforms.server import Request
from tests.support.rows import inference_of
from tests.support.vendor import run_vendor

# The client asks IBM Cloud alone for tokens, so that it is given one.
PUBLISH = """
import json, sys
from types import SimpleNamespace
import requests
from ibm_ai_openscale import APIClient
from ibm_ai_openscale.base_classes.configuration.payload_logging import PayloadLogging
from ibm_ai_openscale.supporting_classes import PayloadRecord

url, account = sys.argv[1], json.loads(sys.argv[2])
grant = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": account["api_key"]}
token = requests.post(f"{url}/identity/token", data=grant).json()["access_token"]
client = APIClient({"url": url, "instance_id": account["data_mart_id"], "iam_token": token})
subscription = SimpleNamespace(binding_uid=account["binding_id"], uid=account["subscription_id"])
payloads = PayloadLogging.__new__(PayloadLogging)
payloads._ai_client, payloads._subscription = client, subscription
record = PayloadRecord(
    scoring_id="call_0", scoring_timestamp="2026-03-01T10:20:30Z",
    request={"fields": ["age", "plan"], "values": [[41, "basic"]]},
    response={"fields": ["score"], "values": [[0.5]]},
)
payloads.store([record], deployment_id=account["deployment_id"])
"""


@pytest.fixture
def both() -> tuple[Request, Request]:
    """The request that stores the same record: the client's, and ours."""
    with OpenScaleServer() as theirs:
        theirs.tokens_are_jwt = True
        about = json.dumps(dataclasses.asdict(ACCOUNT))
        run_vendor("ibm_ai_openscale", PUBLISH, theirs.url, about)
    with OpenScaleServer() as ours:
        clock = ManualClock()
        tokens = IamTokens(
            Host(f"{ours.url}/identity/token", 5), FixedSecret(ACCOUNT.api_key), clock
        )
        destination = ScoringPayloads(
            ACCOUNT.data_mart_id,
            ACCOUNT.binding_id,
            ACCOUNT.subscription_id,
            ACCOUNT.deployment_id,
        )
        mapping = ColumnMapping.of("age,plan", "score")
        openscale = OpenScalePublisher(Host(ours.url, 5), tokens, destination, mapping, clock)
        row: dict[str, object] = {"age": 41, "plan": "basic", "score": 0.5}
        row["scoring_timestamp"] = "2026-03-01T10:20:30Z"
        openscale.publish(Batch.of([inference_of("call_0", row)]))
    assert theirs.records == ours.records != []
    return theirs.publish_requests[0], ours.publish_requests[0]


def test_the_same_is_asked(both: tuple[Request, Request]) -> None:
    theirs, ours = both

    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    assert ours.headers["authorization"].split()[0] == theirs.headers["authorization"].split()[0]


def test_the_bodies_hold_the_same_fields_and_values(both: tuple[Request, Request]) -> None:
    theirs, ours = both

    assert ours.json == theirs.json
