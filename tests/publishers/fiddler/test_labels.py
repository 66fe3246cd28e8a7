"""Labels to Fiddler: which events are updated, by which columns, and what its own client sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.schema import DataType
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.publishers.fiddler.labels import FiddlerLabelPublisher
from tests.support.fakes import ManualClock
from tests.support.platforms.fiddler import MODEL_ID, TOKEN, Model
from tests.support.platforms.fiddler_labels import FiddlerLabelServer
from tests.support.platforms.server import Row
from tests.support.rows import inference_of
from tests.support.vendor import run_vendor

MODEL = Model.of(
    inputs={"age": "int"},
    outputs={"score": "float"},
    targets={"churned": "int", "reason": "str"},
    metadata={"call": "str"},
    event_id_col="call",
)
UPDATE = """
import json, os, sys
os.environ.pop("FIDDLER_CLIENT_RETRY_MAX_DURATION_SECONDS", None)
import fiddler as fdl

url, token, model_id, rows = sys.argv[1:]
fdl.init(url=url, token=token, auto_attach_log_handler=False)
fdl.Model.get(id_=model_id).publish_stream(json.loads(rows), update=True)
"""


@pytest.fixture
def server() -> Iterator[FiddlerLabelServer]:
    with FiddlerLabelServer(MODEL) as running:
        yield running


def publisher(server: FiddlerLabelServer) -> FiddlerLabelPublisher:
    return FiddlerLabelPublisher(
        server.url, FixedSecret(TOKEN), UUID(MODEL_ID), timeout=5, clock=ManualClock()
    )


def batch(*labels: tuple[str, Row]) -> Batch:
    names = ("churned", "reason")
    return Batch.of([inference_of(name, {n: row.get(n) for n in names}) for name, row in labels])


def test_the_schema_is_that_of_the_targets_alone(server: FiddlerLabelServer) -> None:
    schema = publisher(server).schema()
    assert schema.types == {"churned": DataType.INT, "reason": DataType.STR}
    assert schema.labels == ("churned", "reason")
    assert schema.event_id_column == "call"


def test_events_are_updated_by_their_ids_and_the_last_label_wins(
    server: FiddlerLabelServer,
) -> None:
    here = publisher(server)
    here.schema()
    here.publish(
        batch(
            ("a", {"churned": 1}),
            ("b", {"churned": 0, "reason": "x"}),
            ("a", {"churned": 0}),
            ("b", {"reason": "y"}),
        )
    )
    (request,) = server.publish_requests
    assert request.method == "PATCH"
    assert request.json["source"]["events"] == [
        {"call": "a", "churned": 0},
        {"call": "b", "churned": 0, "reason": "y"},
    ]


def test_an_unknown_id_changes_nothing_and_makes_no_event(server: FiddlerLabelServer) -> None:
    server.add_events({"event_id": "a", "score": 0.5})
    here = publisher(server)
    here.schema()
    receipt = here.publish(batch(("a", {"churned": 1}), ("b", {"churned": 1})))
    assert not receipt.refused
    assert len(server.events) == 1
    assert {one.method for one in server.publish_requests} == {"PATCH"}


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        (Model.of(inputs={"a": "int"}, outputs={"s": "float"}, event_id_col="a"), "target"),
        (
            Model.of(inputs={"a": "int"}, outputs={"s": "float"}, targets={"t": "int"}),
            "event id column",
        ),
    ],
)
def test_a_model_that_cannot_be_labelled_says_what_it_lacks(model: Model, missing: str) -> None:
    with FiddlerLabelServer(model) as server, pytest.raises(PublisherMisconfiguredError) as raised:
        publisher(server).schema()
    assert missing in raised.value.message
    assert raised.value.advice


def test_requests_are_those_of_fiddlers_own_client() -> None:
    rows: list[Row] = [{"call": "a_0", "churned": 1, "reason": "ü"}, {"call": "b", "churned": 0}]
    with FiddlerLabelServer(MODEL) as theirs:
        run_vendor("fiddler", UPDATE, theirs.url, TOKEN, MODEL_ID, json.dumps(rows))
    with FiddlerLabelServer(MODEL) as ours:
        here = publisher(ours)
        here.schema()
        here.publish(batch(*((str(row["call"]), row) for row in rows)))

    assert [(one.method, one.path) for one in ours.requests] == [
        (one.method, one.path) for one in theirs.requests
    ]
    assert ours.requests[-1].json == theirs.requests[-1].json
