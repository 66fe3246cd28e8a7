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
from capture_forwarder.publishers.openscale.tokens import (
    CloudPakTokens,
    IamTokens,
    McspTokens,
    Tokens,
)
from tests.support.fakes import ManualClock
from tests.support.platforms.openscale import ACCOUNT, DataSet, OpenScaleServer
from tests.support.platforms.server import Request
from tests.support.rows import inference_of
from tests.support.vendor import run_vendor

WHEN = "2026-03-01T10:20:30Z"
PROJECT = dataclasses.replace(ACCOUNT, project_id="some-project")
PUBLISH = """
import json, sys
from ibm_cloud_sdk_core.authenticators import (
    CloudPakForDataAuthenticator, IAMAuthenticator, MCSPV2Authenticator,
)
from ibm_watson_openscale.base_classes.watson_open_scale_v2 import WatsonOpenScaleV2
from ibm_watson_openscale.data_sets import DataSets
from ibm_watson_openscale.supporting_classes.payload_record import PayloadRecord

url, account, where = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
if where == "IBM Cloud":
    authenticator = IAMAuthenticator(account["api_key"], url=url)
elif where == "AWS":
    authenticator = MCSPV2Authenticator(
        apikey=account["api_key"], url=url, scope_collection_type="accounts",
        scope_id=account["account_id"],
    )
else:
    secret = {where.rpartition(" ")[2]: account["password"]}
    if "apikey" in secret:
        secret["apikey"] = account["api_key"]
    authenticator = CloudPakForDataAuthenticator(
        account["username"], url=f"{url}/icp4d-api", **secret
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


@pytest.fixture(params=["IBM Cloud", "AWS", "Cloud Pak with password", "Cloud Pak with apikey"])
def both(request: pytest.FixtureRequest) -> tuple[list[Request], list[Request]]:
    """The requests that find a data set and store the same record: the client's, and ours."""
    where: str = request.param
    account = dataclasses.replace(PROJECT, service_instance_id="") if where == "AWS" else PROJECT
    other = DataSet("other", "another-subscription")
    with OpenScaleServer(account) as theirs:
        theirs.data_sets = [other]
        theirs.tokens_are_jwt = True
        about = json.dumps(dataclasses.asdict(account))
        run_vendor("ibm_watson_openscale", PUBLISH, theirs.url, about, where)
    with OpenScaleServer(account) as ours:
        ours.data_sets = [other]
        publish(ours, where)
    assert theirs.records == ours.records != []
    return theirs.requests, ours.requests


def tokens_of(server: OpenScaleServer, where: str, clock: ManualClock) -> Tokens:
    key, host = FixedSecret(ACCOUNT.api_key), Host(server.url, 5)
    if where == "AWS":
        return McspTokens(host, key, clock, account_id=ACCOUNT.account_id)
    if where == "IBM Cloud":
        return IamTokens(Host(f"{server.url}/identity/token", 5), key, clock)
    if where.endswith("password"):
        password = FixedSecret(ACCOUNT.password)
        return CloudPakTokens(host, ACCOUNT.username, password, clock, field="password")
    return CloudPakTokens(host, ACCOUNT.username, key, clock, field="api_key")


def publish(server: OpenScaleServer, where: str) -> None:
    clock = ManualClock()
    destination = DataSetRecords(
        None if where == "AWS" else ACCOUNT.service_instance_id,
        subscription_id=ACCOUNT.subscription_id,
        project_id=PROJECT.project_id,
    )
    tokens = tokens_of(server, where, clock)
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
        # Each server gives out its own tokens.
        for name in {"accept", "authorization"} & theirs.headers.keys():
            said = theirs.headers[name].split()[0]
            assert said in {"*/*", ours.headers[name].split()[0]}
        if theirs.body:
            assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_the_bodies_hold_the_same_fields_and_values(
    both: tuple[list[Request], list[Request]],
) -> None:
    for theirs, ours in zip(*both, strict=True):
        if theirs.path == "/identity/token":
            form = dict(parse_qsl(theirs.body.decode()))
            assert dict(parse_qsl(ours.body.decode())).items() <= form.items()
        elif theirs.path == "/icp4d-api/v1/authorize":
            given = {name: value for name, value in theirs.json.items() if value is not None}
            assert ours.json == given
        elif theirs.body:
            assert ours.json == theirs.json
