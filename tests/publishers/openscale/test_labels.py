"""Labels to OpenScale: feedback with its inputs, in the data set of the right type."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.inference import Row
from capture_forwarder.core.schema import DataType
from capture_forwarder.publishers.openscale.labels import OpenScaleLabelPublisher
from capture_forwarder.publishers.openscale.requests import DataSetRecords, Destination
from capture_forwarder.publishers.openscale.schema import FEEDBACK
from tests.support.fakes import ManualClock
from tests.support.openscale import BY_SUBSCRIPTION, PAYLOADS, publisher
from tests.support.platforms.openscale import ACCOUNT, DataSet
from tests.support.platforms.openscale_labels import FEEDBACK_ID, OpenScaleLabelServer
from tests.support.rows import inference_of

BY_SEARCH = dataclasses.replace(BY_SUBSCRIPTION, kind=FEEDBACK, confirm=True)
BY_ID = DataSetRecords(ACCOUNT.service_instance_id, FEEDBACK_ID, kind=FEEDBACK)
V1 = dataclasses.replace(PAYLOADS, kind=FEEDBACK)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(clock: ManualClock) -> Iterator[OpenScaleLabelServer]:
    with OpenScaleLabelServer() as running:
        running.feedback_fields = {
            "plan": ("string", "feature"),
            "age": ("integer", "feature"),
            "Risk": ("double", "target"),
        }
        del clock
        yield running


def labels(
    server: OpenScaleLabelServer, clock: ManualClock, destination: Destination
) -> OpenScaleLabelPublisher:
    return OpenScaleLabelPublisher(publisher(server, clock, destination))


def batch(*rows: tuple[str, float]) -> Batch:
    held: list[tuple[str, Row]] = [
        (name, {"Risk": risk, "plan": name, "age": 4}) for name, risk in rows
    ]
    return Batch.of([inference_of(name, row) for name, row in held])


@pytest.mark.parametrize("destination", [BY_SEARCH, BY_ID, V1], ids=["search", "id", "v1"])
def test_feedback_holds_inputs_and_label_once_for_each_inference(
    server: OpenScaleLabelServer, clock: ManualClock, destination: Destination
) -> None:
    here = labels(server, clock, destination)
    here.schema()
    receipt = here.publish(batch(("a", 1.0), ("b", 0.0), ("a", 0.0)))
    assert not receipt.refused
    assert server.feedback == [
        {"Risk": 0.0, "plan": "b", "age": 4},
        {"Risk": 0.0, "plan": "a", "age": 4},
    ]


def test_the_schema_gives_types_and_the_column_of_the_label(
    server: OpenScaleLabelServer, clock: ManualClock
) -> None:
    schema = labels(server, clock, BY_SEARCH).schema()
    assert schema.labels == ("Risk",)
    assert schema.types == {"plan": DataType.STR, "age": DataType.INT, "Risk": DataType.FLOAT}
    assert schema.timestamp_column is None


def test_only_the_feedback_data_set_of_the_subscription_is_taken(
    server: OpenScaleLabelServer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.platforms.openscale_data_sets._NAMES", frozenset())
    server.data_sets = [DataSet("other", "another-subscription", type="feedback")]
    labels(server, clock, BY_SEARCH).publish(batch(("a", 1.0)))
    assert server.published_ids == ["a"]


def test_a_payload_data_set_is_refused_for_labels(
    server: OpenScaleLabelServer, clock: ManualClock
) -> None:
    payloads = dataclasses.replace(BY_ID, data_set_id=ACCOUNT.data_set_id)
    with pytest.raises(PublisherMisconfiguredError) as raised:
        labels(server, clock, payloads).schema()
    assert "not feedback" in raised.value.message
    assert "feedback data set" in raised.value.advice


def test_a_subscription_without_feedback_says_what_to_set_up(
    server: OpenScaleLabelServer, clock: ManualClock
) -> None:
    unknown = dataclasses.replace(BY_SEARCH, subscription_id="unknown")
    with pytest.raises(PublisherMisconfiguredError) as raised:
        labels(server, clock, unknown).schema()
    assert "quality monitor" in raised.value.advice
