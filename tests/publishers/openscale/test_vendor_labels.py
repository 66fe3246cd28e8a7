"""Our feedback to OpenScale beside that of IBM's own clients, field by field."""

from __future__ import annotations

import dataclasses
import json

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.publishers.openscale.labels import OpenScaleLabelPublisher
from capture_forwarder.publishers.openscale.requests import Destination
from capture_forwarder.publishers.openscale.schema import FEEDBACK
from tests.support.fakes import ManualClock
from tests.support.openscale import BY_SUBSCRIPTION, PAYLOADS, publisher
from tests.support.platforms.openscale import ACCOUNT
from tests.support.platforms.openscale_labels import OpenScaleLabelServer
from tests.support.platforms.server import Request
from tests.support.rows import inference_of
from tests.support.vendor import run_vendor

FIELDS = {
    "age": ("integer", "feature"),
    "plan": ("string", "feature"),
    "Risk": ("double", "target"),
}
STORE = """
import json, sys
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_watson_openscale.base_classes.watson_open_scale_v2 import WatsonOpenScaleV2
from ibm_watson_openscale.data_sets import DataSets

url, account = sys.argv[1], json.loads(sys.argv[2])
client = WatsonOpenScaleV2(authenticator=IAMAuthenticator(account["api_key"], url=url))
client.set_service_url(f"{url}/openscale/{account['service_instance_id']}")
data_sets = DataSets(client)
found = data_sets.list(
    target_target_id=account["subscription_id"], target_target_type="subscription", type="feedback"
)
(one,) = found.result.data_sets
data_sets.store_records(
    one.metadata.id,
    [{"fields": ["age", "plan", "Risk"], "values": [[41, "basic", 1.0]]}],
    split_to_multi_req=False,
    background_mode=True,
)
"""
STORE_V1 = """
import json, sys
from types import SimpleNamespace
import requests
from ibm_ai_openscale import APIClient
from ibm_ai_openscale.base_classes.configuration.feedback_logging import FeedbackLogging

url, account = sys.argv[1], json.loads(sys.argv[2])
grant = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": account["api_key"]}
token = requests.post(f"{url}/identity/token", data=grant).json()["access_token"]
client = APIClient({"url": url, "instance_id": account["data_mart_id"], "iam_token": token})
logging = FeedbackLogging.__new__(FeedbackLogging)
logging._ai_client, logging._engine, logging._input_data_type = client, None, None
logging._subscription = SimpleNamespace(
    binding_uid=account["binding_id"], uid=account["subscription_id"]
)
logging.store([[41, "basic", 1.0]], fields=["age", "plan", "Risk"])
"""
V1 = dataclasses.replace(PAYLOADS, kind=FEEDBACK)
V2 = dataclasses.replace(BY_SUBSCRIPTION, kind=FEEDBACK)


@pytest.fixture(params=["v2", "v1"])
def both(request: pytest.FixtureRequest) -> tuple[Request, Request]:
    """The request that stores the same feedback: the client's, and ours."""
    is_v1 = request.param == "v1"
    module, script = ("ibm_ai_openscale", STORE_V1) if is_v1 else ("ibm_watson_openscale", STORE)
    with OpenScaleLabelServer() as theirs:
        theirs.feedback_fields = FIELDS
        theirs.tokens_are_jwt, theirs.v1_status = True, 204
        run_vendor(module, script, theirs.url, json.dumps(dataclasses.asdict(ACCOUNT)))
    with OpenScaleLabelServer() as ours:
        ours.feedback_fields = FIELDS
        publish(ours, V1 if is_v1 else V2)
    assert theirs.feedback == ours.feedback != []
    return theirs.publish_requests[0], ours.publish_requests[0]


def publish(server: OpenScaleLabelServer, destination: Destination) -> None:
    labels = OpenScaleLabelPublisher(publisher(server, ManualClock(), destination))
    labels.schema()
    labels.publish(Batch.of([inference_of("call_0", {"age": 41, "plan": "basic", "Risk": 1.0})]))


def test_the_same_is_asked(both: tuple[Request, Request]) -> None:
    theirs, ours = both

    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    assert ours.headers["authorization"].split()[0] == theirs.headers["authorization"].split()[0]


def test_the_bodies_hold_the_same_fields_and_values(both: tuple[Request, Request]) -> None:
    theirs, ours = both

    assert ours.json == theirs.json
