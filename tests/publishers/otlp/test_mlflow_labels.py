"""Labels on their way to an MLflow: assessments of the traces that the inferences made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import (
    BatchTooLargeError,
    PlatformUnavailableError,
    PublisherMisconfiguredError,
)
from capture_forwarder.core.ports import Publisher
from capture_forwarder.forwarding.sending import BatchSender
from capture_forwarder.publishers.otlp.ids import trace_id
from capture_forwarder.publishers.otlp.mlflow_labels import assessment_id
from capture_forwarder.settings import load
from capture_forwarder.wiring.publishers import build_publisher
from tests.support.fakes import ManualClock
from tests.support.platforms.faults import GARBAGE_JSON, Reset, Status
from tests.support.platforms.mlflow_labels import MlflowLabelServer
from tests.support.platforms.otlp import TOKEN
from tests.support.platforms.server import Request
from tests.support.rows import inference_of


@pytest.fixture
def server() -> Iterator[MlflowLabelServer]:
    with MlflowLabelServer() as running:
        yield running


def publisher(server: MlflowLabelServer, **more: str) -> Publisher:
    settings = load(
        {
            "OTLP_BACKEND": "mlflow",
            "OTLP_URL": server.url,
            "OTLP_TOKEN": TOKEN,
            "OTLP_EXPERIMENT_ID": "1",
            "FORWARDER_LABEL_COLUMNS": "good,why",
            **more,
        }
    )
    assert settings.route is not None
    return build_publisher(settings.route, settings, ManualClock())


def labels(**values: object) -> Batch:
    return Batch.of([inference_of(name, {"good": value}) for name, value in values.items()])


def trace_of(name: str) -> str:
    return f"tr-{trace_id(name).hex()}"


def by_another(source: str, value: object, **more: object) -> dict[str, object]:
    return {
        "assessment_id": "a-other",
        "assessment_name": "good",
        "source": {"source_type": "HUMAN", "source_id": source},
        "feedback": {"value": value},
        **more,
    }


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("yes", "yes"),
        (1, 1.0),
        (0.5, 0.5),
        (True, True),
        (2**53, 2.0**53),
        (2**53 + 1, "9007199254740993"),
        ([1, 2], "[1,2]"),
        ({"a": None}, '{"a":null}'),
    ],
)
def test_a_label_is_an_assessment_of_the_trace_of_its_inference_made_once(
    value: object, stored: object, server: MlflowLabelServer
) -> None:
    for _ in range(2):
        publisher(server).publish(labels(a=value))

    assert server.assessments == {
        trace_of("a"): [
            {
                "assessment_id": assessment_id("a", "good"),
                "assessment_name": "good",
                "trace_id": trace_of("a"),
                "source": {"source_type": "HUMAN", "source_id": "capture-forwarder"},
                "feedback": {"value": stored},
                "metadata": {"inference_id": "a"},
                "valid": True,
            }
        ]
    }
    assert [request.method for request in server.publish_requests] == ["POST"]


@pytest.mark.parametrize("own_ids", [False, True])
@pytest.mark.parametrize(("first", "then"), [("no", "yes"), (1, True), ("1", 1), (0, 0.5)])
def test_a_label_that_changes_takes_the_place_of_the_one_before(
    first: object, then: object, own_ids: bool, server: MlflowLabelServer
) -> None:
    server.own_ids = own_ids
    here = publisher(server)
    here.publish(labels(a=first))
    here.publish(labels(a=then))

    (stored,) = server.stored
    held = stored["feedback"]["value"]
    assert held == then
    assert isinstance(held, bool) is isinstance(then, bool)
    assert [request.method for request in server.publish_requests] == ["POST", "PATCH"]


def test_the_last_label_of_an_inference_wins_and_each_column_keeps_its_own(
    server: MlflowLabelServer,
) -> None:
    here = publisher(server)
    rows: list[dict[str, object]] = [{"good": "no", "why": "slow"}, {"good": "yes", "why": None}]

    here.publish(Batch.of([inference_of("a", row) for row in rows]))

    held = {one["assessment_name"]: one["feedback"]["value"] for one in server.stored}
    assert held == {"good": "yes", "why": "slow"}
    assert len(server.publish_requests) == 2
    assert here.limits.requests == 1


@pytest.mark.parametrize(
    "other",
    [
        by_another("ann@example.com", "no"),
        by_another("capture-forwarder", "no", assessment_name="other"),
        {**by_another("capture-forwarder", "no"), "feedback": None, "expectation": {"value": "no"}},
    ],
)
def test_what_others_have_said_of_a_trace_stays_as_it_is(
    other: dict[str, object], server: MlflowLabelServer
) -> None:
    server.assessments[trace_of("a")] = [dict(other)]

    publisher(server).publish(labels(a="yes"))

    first, second = server.stored
    assert first == other
    assert second["feedback"] == {"value": "yes"}


def test_a_label_that_somebody_has_renamed_is_still_the_same(server: MlflowLabelServer) -> None:
    here = publisher(server)
    here.publish(labels(a="no"))
    server.assessments[trace_of("a")][0]["assessment_name"] = "renamed"

    here.publish(labels(a="yes"))

    (stored,) = server.stored
    assert stored["feedback"] == {"value": "yes"}


def test_labels_whose_traces_are_not_there_are_refused_and_the_others_stored(
    server: MlflowLabelServer,
) -> None:
    server.unknown = {"a", "d"}
    batch = Batch.of([inference_of(name, {"good": "yes"}) for name in "abcda"])

    receipt = publisher(server).publish(batch)

    assert sorted(receipt.refused) == [0, 3, 4]
    assert receipt.refused[3] == (
        f"MLflow has no trace of this inference: Trace with ID '{trace_of('d')}' not found."
    )
    assert receipt.again == []
    assert [one["metadata"]["inference_id"] for one in server.stored] == ["b", "c"]


def test_a_label_that_is_sent_again_before_the_first_is_stored_is_not_stored_twice(
    server: MlflowLabelServer,
) -> None:
    # The look at its trace comes before the first one is stored, and the second one after.
    here = publisher(server)
    here.publish(labels(a="no"))
    (first,) = server.assessments.pop(trace_of("a"))

    def stored_meanwhile(request: Request) -> bool:
        if request.method == "POST":
            server.assessments[trace_of("a")] = [first]
        return False

    server.fail_when(stored_meanwhile, Status(503))
    with pytest.raises(PlatformUnavailableError):
        here.publish(labels(a="yes"))
    assert server.stored == [first]

    here.publish(labels(a="yes"))

    (stored,) = server.stored
    assert stored["feedback"] == {"value": "yes"}


def test_a_failure_in_the_middle_ends_the_batch_and_the_next_time_completes_it(
    server: MlflowLabelServer,
) -> None:
    here = publisher(server)
    server.fail_next(None, Reset(stored=True))

    with pytest.raises(PlatformUnavailableError):
        here.publish(labels(a="yes", b="yes", c="yes"))
    assert [one["metadata"]["inference_id"] for one in server.stored] == ["a", "b"]
    assert len(server.publish_requests) == 2

    here.publish(labels(a="yes", b="yes", c="yes"))
    assert [one["metadata"]["inference_id"] for one in server.stored] == ["a", "b", "c"]
    assert len(server.publish_requests) == 3


@pytest.mark.parametrize("fault", [Status(503, "busy"), GARBAGE_JSON])
def test_a_trace_that_cannot_be_read_is_not_assessed(
    fault: Status, server: MlflowLabelServer
) -> None:
    server.fail_when(lambda request: request.method == "GET", fault)

    with pytest.raises(PlatformUnavailableError):
        publisher(server).publish(labels(a="yes"))
    assert server.publish_requests == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_takes_no_assessments_is_a_wrong_setting(
    method: str, server: MlflowLabelServer
) -> None:
    server.fail_when(lambda request: request.method == method, Status(404, "no", body="html"))

    with pytest.raises(PublisherMisconfiguredError):
        publisher(server).publish(labels(a="yes"))


def test_a_batch_over_the_limit_is_sent_in_smaller_ones(server: MlflowLabelServer) -> None:
    here = publisher(server, OTLP_BATCH_BYTES="1024")
    batch = labels(a="yes", b="y" * 2000)

    with pytest.raises(BatchTooLargeError):
        here.publish(batch)
    assert server.stored == []
    here.publish(batch.slice(1, 2))

    (stored,) = server.stored
    assert stored["metadata"] == {"inference_id": "b"}


def test_a_label_that_mlflow_finds_too_large_is_refused_alone(server: MlflowLabelServer) -> None:
    server.byte_limit = 1000
    sender = BatchSender(publisher(server), ManualClock(), retry_seconds=0)

    outcome = sender.deliver(labels(a="yes", b="y" * 2000, c="yes"))

    ((refused, said),) = ((one.inference.id, one.said) for one in outcome.refused)
    assert refused == "b"
    assert "too large" in said
    assert [one["metadata"]["inference_id"] for one in server.stored] == ["a", "c"]
