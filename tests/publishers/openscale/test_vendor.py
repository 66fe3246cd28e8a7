"""Our requests to OpenScale and for its tokens beside those of IBM's own client, field by field."""

from __future__ import annotations

import dataclasses
import json
from urllib.parse import parse_qsl

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.parser.mapping.columns import ColumnMapping
from capture_forwarder.publishers.openscale.host import Host
from capture_forwarder.publishers.openscale.publisher import OpenScalePublisher
from capture_forwarder.publishers.openscale.requests import DataSetRecords
from capture_forwarder.publishers.openscale.tokens import IamTokens, McspTokens
from tests.support.fakes import ManualClock
from tests.support.platforms.openscale import ACCOUNT, DataSet, OpenScaleServer
from tests.support.platforms.server import Request
from tests.support.rows import inference_of
from tests.support.vendor import run_vendor

WHEN = "2026-03-01T10:20:30Z"
PROJECT = dataclasses.replace(ACCOUNT, project_id="some-project")
PUBLISH = """
import json, sys
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator, MCSPV2Authenticator
from ibm_watson_openscale.base_classes.watson_open_scale_v2 import WatsonOpenScaleV2
from ibm_watson_openscale.data_sets import DataSets
from ibm_watson_openscale.supporting_classes.payload_record import PayloadRecord

url, account = sys.argv[1], json.loads(sys.argv[2])
authenticator = IAMAuthenticator(account["api_key"], url=url)
if not account["service_instance_id"]:
    authenticator = MCSPV2Authenticator(
        apikey=account["api_key"], url=url, scope_collection_type="accounts",
        scope_id=account["account_id"],
    )
client = WatsonOpenScaleV2(authenticator=authenticator)
base = f"{url}/openscale"
if account["service_instance_id"]:
    base = f"{base}/{account['service_instance_id']}"
client.set_service_url(base)
data_sets = DataSets(client)
context = {"project_id": account["project_id"]}
found = data_sets.list(
    target_target_id=account["subscription_id"], target_target_type="subscription",
    type="payload_logging", **context,
)
data_set_id = found.result.data_sets[0].metadata.id
data_sets.get(data_set_id=data_set_id, **context)
record = PayloadRecord(
    scoring_id="call_0", scoring_timestamp="2026-03-01T10:20:30Z",
    request={"fields": ["age", "plan"], "values": [[41, "basic"]],
             "meta": {"fields": ["where"], "values": [["churn"]]}},
    response={"fields": ["score"], "values": [[0.5]]},
)
stored = data_sets.store_records(
    data_set_id, [record], split_to_multi_req=False, background_mode=True, **context
)
request_id = stored.headers["Location"].rpartition("/")[2]
data_sets.get_update_status(data_set_id, request_id, **context)
"""


@pytest.fixture(params=["IBM Cloud", "AWS"])
def both(request: pytest.FixtureRequest) -> tuple[list[Request], list[Request]]:
    """The requests that find a data set and store the same record: the client's, and ours."""
    aws = request.param == "AWS"
    account = dataclasses.replace(PROJECT, service_instance_id="") if aws else PROJECT
    other = DataSet("other", "another-subscription")
    with OpenScaleServer(account) as theirs:
        theirs.data_sets = [other]
        theirs.tokens_are_jwt = True
        about = json.dumps(dataclasses.asdict(account))
        run_vendor("ibm_watson_openscale", PUBLISH, theirs.url, about)
    with OpenScaleServer(account) as ours:
        ours.data_sets = [other]
        publish(ours, aws=aws)
    assert theirs.records == ours.records != []
    return theirs.requests, ours.requests


def publish(server: OpenScaleServer, *, aws: bool) -> None:
    clock, key = ManualClock(), FixedSecret(ACCOUNT.api_key)
    destination = DataSetRecords(
        None if aws else ACCOUNT.service_instance_id,
        subscription_id=ACCOUNT.subscription_id,
        project_id=PROJECT.project_id,
    )
    tokens = (
        McspTokens(Host(server.url, 5), key, clock, account_id=ACCOUNT.account_id)
        if aws
        else IamTokens(Host(f"{server.url}/identity/token", 5), key, clock)
    )
    mapping = ColumnMapping.of("age,plan", "score", "where=endpoint")
    openscale = OpenScalePublisher(Host(server.url, 5), tokens, destination, mapping, clock)
    openscale.schema()
    row: dict[str, object] = {
        "age": 41,
        "plan": "basic",
        "score": 0.5,
        "where": "churn",
        "scoring_timestamp": WHEN,
    }
    openscale.publish(Batch.of([inference_of("call_0", row)]))


def test_the_same_is_asked_in_the_same_order(both: tuple[list[Request], list[Request]]) -> None:
    theirs, ours = (
        [(one.method, one.path, sorted(parse_qsl(one.query))) for one in side] for side in both
    )

    assert ours == theirs


def test_every_request_says_the_same_of_itself(both: tuple[list[Request], list[Request]]) -> None:
    for theirs, ours in zip(*both, strict=True):
        for name in {"accept", "authorization"} & theirs.headers.keys():
            # Each server gives out its own tokens.
            assert ours.headers[name].split()[0] == theirs.headers[name].split()[0]
        if theirs.body:
            assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_the_bodies_hold_the_same_fields_and_values(
    both: tuple[list[Request], list[Request]],
) -> None:
    for theirs, ours in zip(*both, strict=True):
        if theirs.path == "/identity/token":
            form = dict(parse_qsl(theirs.body.decode()))
            assert dict(parse_qsl(ours.body.decode())).items() <= form.items()
        elif theirs.body:
            assert ours.json == theirs.json
