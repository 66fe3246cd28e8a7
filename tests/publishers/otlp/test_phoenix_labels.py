"""Labels on their way to a Phoenix: annotations of the spans that the inferences made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import PublisherMisconfiguredError
from capture_forwarder.core.ports import Publisher
from capture_forwarder.publishers.otlp.ids import span_id
from capture_forwarder.settings import load
from capture_forwarder.wiring.publishers import build_publisher
from tests.support.fakes import ManualClock
from tests.support.platforms.faults import Status
from tests.support.platforms.otlp import TOKEN
from tests.support.platforms.phoenix_labels import PhoenixLabelServer
from tests.support.rows import inference_of


@pytest.fixture
def server() -> Iterator[PhoenixLabelServer]:
    with PhoenixLabelServer() as running:
        yield running


def publisher(server: PhoenixLabelServer) -> Publisher:
    settings = load(
        {
            "OTLP_BACKEND": "phoenix",
            "OTLP_URL": server.url,
            "OTLP_TOKEN": TOKEN,
            "FORWARDER_LABEL_COLUMNS": "good",
        }
    )
    assert settings.route is not None
    return build_publisher(settings.route, settings, ManualClock())


def labels(**values: object) -> Batch:
    return Batch.of([inference_of(name, {"good": value}) for name, value in values.items()])


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("yes", {"label": "yes"}),
        (1, {"label": "1", "score": 1.0}),
        (0.5, {"label": "0.5", "score": 0.5}),
        (True, {"label": "true", "score": 1.0}),
        ([1, 2], {"label": "[1,2]"}),
    ],
)
def test_a_label_is_an_annotation_of_the_span_of_its_inference(
    value: object, result: object, server: PhoenixLabelServer
) -> None:
    publisher(server).publish(labels(a=value))

    ((key, stored),) = server.annotations.items()
    assert key == (span_id("a").hex(), "good", "capture-forwarder")
    assert stored["result"] == result
    assert stored["annotator_kind"] == "HUMAN"
    assert stored["metadata"] == {"inference_id": "a"}


def test_the_last_label_of_an_inference_wins(server: PhoenixLabelServer) -> None:
    here = publisher(server)
    twice = Batch.of([inference_of("a", {"good": value}) for value in ("no", "yes")])

    here.publish(twice)
    here.publish(labels(a="maybe"))

    (stored,) = server.annotations.values()
    assert stored["result"] == {"label": "maybe"}
    assert [len(request.json["data"]) for request in server.publish_requests] == [1, 1]


def test_labels_whose_spans_are_not_there_are_named_and_the_others_sent_again(
    server: PhoenixLabelServer,
) -> None:
    server.unknown = {"b", "d"}
    batch = Batch.of([inference_of(name, {"good": "yes"}) for name in "abcb"])

    receipt = publisher(server).publish(batch)

    assert sorted(receipt.refused) == [1, 3]
    assert all("no span" in said for said in receipt.refused.values())
    assert receipt.again == [0, 2]
    assert server.annotations == {}


def test_an_address_that_takes_no_annotations_is_a_wrong_setting(
    server: PhoenixLabelServer,
) -> None:
    server.fail_next(Status(404, "Not Found"))

    with pytest.raises(PublisherMisconfiguredError):
        publisher(server).publish(labels(a="yes"))
