"""Labels to Arthur: one result for each, in order, and the label's own time."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.batch import Batch
from capture_forwarder.core.errors import BatchRefusedError, PlatformUnavailableError
from capture_forwarder.core.inference import Row
from capture_forwarder.core.labels import latest_labels
from capture_forwarder.local.secrets import FixedSecret
from capture_forwarder.publishers.arthur.answers import arthur_service
from capture_forwarder.publishers.arthur.labels import (
    LABEL_TIME,
    ArthurLabelPublisher,
    read_results,
)
from tests.support.fakes import ManualClock
from tests.support.platforms.arthur import MODEL_ID, TOKEN
from tests.support.platforms.arthur_labels import ArthurLabelServer
from tests.support.rows import inference_of

SERVICE = arthur_service("https://arthur.example.com", MODEL_ID)


@pytest.fixture
def server() -> Iterator[ArthurLabelServer]:
    with ArthurLabelServer() as running:
        yield running


def publisher(server: ArthurLabelServer) -> ArthurLabelPublisher:
    return ArthurLabelPublisher(
        server.url, FixedSecret(TOKEN), MODEL_ID, timeout=5, clock=ManualClock()
    )


def batch(*labels: tuple[str, int, str | None]) -> Batch:
    rows: list[tuple[str, Row]] = [(name, {"x": x, LABEL_TIME: at}) for name, x, at in labels]
    return Batch.of([inference_of(name, row) for name, row in rows])


def test_a_label_has_its_own_time_in_utc_or_that_of_sending(server: ArthurLabelServer) -> None:
    publisher(server).publish(
        batch(
            ("a", 1, "2026-03-02T10:00:00Z"),
            ("b", 2, "2026-03-02T12:00:00+02:00"),
            ("c", 3, None),
        )
    )
    assert server.ground_truth == [
        {"partner_inference_id": name, LABEL_TIME: time, "ground_truth_data": {"x": x}}
        for name, x, time in (
            ("a", 1, "2026-03-02T10:00:00+00:00"),
            ("b", 2, "2026-03-02T10:00:00+00:00"),
            ("c", 3, "2026-03-01T10:30:30+00:00"),
        )
    ]


def test_a_repeat_of_labels_with_times_is_the_same_request(server: ArthurLabelServer) -> None:
    here = publisher(server)
    for _ in range(2):
        here.publish(batch(("a", 1, "2026-03-02T10:00:00Z")))
    first, second = server.publish_requests
    assert first.body == second.body


def test_what_one_label_is_refused_for_is_told_of_it_alone(server: ArthurLabelServer) -> None:
    receipt = publisher(server).publish(batch(("a", 1, "today"), ("b", 2, None), ("a", 3, None)))
    assert receipt.refused == {0: "invalid inference: no time", 2: "invalid inference: no time"}
    assert server.published_ids == ["b"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from([200, 400, 422, 429, 501, 503])),
        min_size=1,
    )
)
def test_results_are_read_in_the_order_in_which_labels_were_sent(
    sent: list[tuple[str, int]],
) -> None:
    labels = batch(*((name, n, None) for n, (name, _) in enumerate(sent)))
    latest = latest_labels(labels)
    status = {name: code for name, code in sent}  # of each name, the last  # noqa: C416
    results = [{"status": status[name], "message": f"no {name}"} for name in latest.rows]

    receipt = read_results(json.dumps({"results": results}).encode(), latest, SERVICE, 3.0)

    for index, (name, _) in enumerate(sent):
        code = status[name]
        assert (index in receipt.refused) == (code in {400, 422})
        assert (index in receipt.again) == (code in {429, 501, 503})
        assert (index in receipt.failed) == (code in {501, 503})
        if index in receipt.refused:
            assert receipt.refused[index] == f"no {name}"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_answer_of_another_length_tells_of_none(count: int) -> None:
    latest = latest_labels(batch(("a", 1, None), ("b", 2, None)))
    body = json.dumps({"results": [{"status": 200}] * count}).encode()
    with pytest.raises(PlatformUnavailableError):
        read_results(body, latest, SERVICE)


def test_refusals_that_name_nobody_are_narrowed_down() -> None:
    latest = latest_labels(batch(("a", 1, None), ("b", 2, None)))
    body = json.dumps({"results": [{"status": 400, "message": "bad"}]}).encode()
    with pytest.raises(BatchRefusedError) as raised:
        read_results(body, latest, SERVICE)
    assert raised.value.platform_message == "bad"
