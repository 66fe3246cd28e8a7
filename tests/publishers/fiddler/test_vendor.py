"""Our requests to Fiddler beside those of Fiddler's own client, field by field."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from msgspec.structs import replace

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.inference import Row
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.publishers.fiddler.publisher import FiddlerPublisher
from tests.support.platforms.faults import Status
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, FiddlerServer, Model
from tests.support.platforms.server import Request
from tests.support.rows import inference_of
from tests.support.vendor import run_vendor

MODEL = Model.of(
    inputs={"age": "int", "plan": "str"},
    outputs={"score": "float"},
    metadata={"id": "str", "at": "timestamp"},
    event_id_col="id",
    event_ts_col="at",
)
ROWS: list[Row] = [
    {"age": 41, "plan": 'a "b", ü', "score": 0.25, "at": "2026-03-01T10:20:30Z", "id": "call_0"},
    {"age": None, "plan": "", "score": 1e-7, "at": "2026-03-01T10:20:30Z", "id": "call_1"},
]
PUBLISH = """
import json, os, sys
os.environ.pop("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", None)
import fiddler as fdl
import fiddler.libs.http_client as http_client

url, token, model_id, rows = sys.argv[1:]
http_client.time.sleep = lambda seconds: None
fdl.init(url=url, token=token, auto_attach_log_handler=False)
fdl.Model.get(id_=model_id).publish_stream(json.loads(rows))
"""
# What says how a message is carried, not what it says.
CARRIED = {"host", "content-length", "accept-encoding", "connection", "accept", "user-agent"}


@pytest.fixture
def both() -> tuple[list[Request], list[Request]]:
    """The requests that publish the same rows, repeated once: the client's, and ours."""
    with FiddlerServer(MODEL) as theirs:
        theirs.fail_next(Status(503))
        run_vendor("fiddler", PUBLISH, theirs.url, TOKEN, MODEL_ID, json.dumps(ROWS))
    with FiddlerServer(MODEL) as ours:
        fiddler = FiddlerPublisher(
            ours.url, FixedSecret(TOKEN), UUID(MODEL_ID), timeout=5, clock=SystemClock()
        )
        fiddler.schema()
        batch = Batch.of([inference_of(str(row["id"]), row) for row in ROWS])
        for repeats in (0, 1):
            fiddler.publish(replace(batch, repeats=repeats))
    return theirs.requests, ours.requests


def test_the_same_is_asked_in_the_same_order(both: tuple[list[Request], list[Request]]) -> None:
    theirs, ours = ([(one.method, one.path, one.query) for one in side] for side in both)

    assert ours == theirs


def test_every_request_has_the_same_headers(both: tuple[list[Request], list[Request]]) -> None:
    for theirs, ours in zip(*both, strict=True):
        expected = {name: value for name, value in theirs.headers.items() if name not in CARRIED}
        assert {name: ours.headers.get(name) for name in expected} == expected
        assert ours.headers.keys() - theirs.headers.keys() <= CARRIED


def test_the_bodies_hold_the_same_fields_and_values(
    both: tuple[list[Request], list[Request]],
) -> None:
    theirs, ours = (side[-1].json for side in both)

    assert ours == theirs
    assert ours["source"]["events"] == ROWS


def test_a_repeat_is_marked_in_the_same_way(both: tuple[list[Request], list[Request]]) -> None:
    name = "x-fiddler-client-retry"
    theirs, ours = ([one.headers.get(name) for one in side] for side in both)

    assert ours == theirs
    assert ours[-2:] == [None, "1"]
