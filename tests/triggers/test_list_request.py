"""A message that asks for a listing: read as it was written, and refused if it was not."""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.errors import UnknownEventError
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.triggers import read_event, write_list_request
from capture_forwarder.triggers.message import Message

names = st.text(min_size=1, max_size=20)
counts = st.integers(0, 10**9)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
times = st.none() | st.datetimes(timezones=zones)
requests = st.builds(
    ListRequest,
    st.from_regex(r"[A-Za-z0-9-]{1,64}", fullmatch=True),
    st.lists(names, min_size=1, max_size=5).map(tuple),
    times,
    times,
    st.none() | names,
    st.none() | names,
    st.none() | names,
    st.integers(10, 100_000),
    counts,
    st.text(max_size=50),
    st.text(max_size=50),
    counts,
    counts,
    counts,
)
GOOD: dict[str, Any] = {"id": "b-1", "places": ["s3://captures/data/"]}


def message(body: str) -> Message:
    record = {
        "eventSource": "aws:sqs",
        "messageId": "m-1",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "3"},
    }
    (found,) = read_event({"Records": [record]}).messages
    return found


@given(requests)
def test_what_is_written_is_read_again(request: ListRequest) -> None:
    found = message(write_list_request(request))

    assert found == Message("m-1", receives=3, listing=request)
    # Text that is no Unicode would be refused by SQS.
    assert write_list_request(request).encode()


def test_the_shortest_request_has_its_defaults() -> None:
    found = message(json.dumps({"captureForwarder": {"list": GOOD}})).listing

    assert found == ListRequest("b-1", ("s3://captures/data/",))
    assert found is not None
    assert (found.waiting, found.step, found.since) == (10_000, 0, None)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "all",
        True,
        {},
        {"id": "b-1"},
        {**GOOD, "places": []},
        {**GOOD, "places": "s3://captures/data/"},
        {**GOOD, "places": [""]},
        {**GOOD, "places": [f"s3://captures/{number}" for number in range(11)]},
        {**GOOD, "id": ""},
        {**GOOD, "id": "a b"},
        {**GOOD, "id": "x" * 65},
        {**GOOD, "id": 3},
        {**GOOD, "waiting": 0},
        {**GOOD, "waiting": 10**9},
        {**GOOD, "waiting": "10"},
        {**GOOD, "step": -1},
        {**GOOD, "sent": 1.5},
        {**GOOD, "since": "yesterday"},
        {**GOOD, "since": "2026-03-01T00:00:00"},
        {**GOOD, "since": 0},
        {**GOOD, "folder": "x" * 2000},
        {**GOOD, "endpoint": ""},
        {**GOOD, "role": "arn:aws:iam::1:role/admin"},
    ],
)
def test_what_is_not_as_it_is_written_is_refused(wrong: Any) -> None:
    found = message(json.dumps({"captureForwarder": {"list": wrong}}))

    assert found.problem is not None
    assert "a request for a listing that cannot be read" in found.problem
    assert (found.listing, found.capture_files) == (None, ())


@pytest.mark.parametrize(
    "body",
    [
        {"captureForwarder": {"list": GOOD, "hops": 3}},
        {"captureForwarder": {"list": GOOD}, "Records": []},
        {"captureForwarder": {"list": GOOD}, "Records": [{"s3": {}}]},
    ],
)
def test_a_request_beside_something_else_is_refused(body: Any) -> None:
    found = message(json.dumps(body))

    assert found.problem == "The message holds a request for a listing beside something else."
    assert found.listing is None


@pytest.mark.parametrize(
    "event",
    [
        {"captureForwarder": {"list": GOOD}},
        {"Records": [{"captureForwarder": {"list": GOOD}}]},
        {"detail-type": "x", "captureForwarder": {"list": GOOD}},
    ],
)
def test_it_is_read_from_the_queue_alone(event: Any) -> None:
    with pytest.raises(UnknownEventError):
        read_event(event)


def test_in_a_notification_it_is_not_read() -> None:
    inner = json.dumps({"captureForwarder": {"list": GOOD}})
    sns = {"EventSource": "aws:sns", "Sns": {"Message": inner}}
    for found in (
        message(json.dumps({"Message": inner})),
        read_event({"Records": [sns]}).messages[0],
    ):
        assert found.problem is not None
        assert found.listing is None
