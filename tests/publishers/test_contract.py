"""The contract of `Publisher`, held by every implementation against its own platform: rows.

What it says is in docs/publishers.md. A new platform is put in
`tests/support/publishers_under_test/registry.py`, and nothing changes here.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from capture_forwarder.core.batch import Batch
from capture_forwarder.settings import PublisherName
from tests.support.publishers_under_test.base import OverHttp
from tests.support.publishers_under_test.bench import CallOf, Put
from tests.support.publishers_under_test.registry import PUBLISHERS

every_publisher = pytest.mark.parametrize("name", PUBLISHERS)


def test_every_platform_is_put_to_the_test() -> None:
    assert {entry.name for entry in PUBLISHERS.values()} == set(PublisherName)


@every_publisher
def test_every_row_arrives_with_its_id(name: str, put: Put) -> None:
    here = put(name)
    calls = [CallOf("one"), CallOf("several", records=4), CallOf("last", records=2)]

    (batch,) = here.batches(*calls)
    here.publish(batch)

    expected = {one: row for call in calls for one, row in call.rows.items()}
    assert here.rows() == expected
    assert here.stored() == dict.fromkeys(expected, 1)


@every_publisher
def test_the_parts_of_a_batch_hold_the_rows_of_the_whole(name: str, put: Put) -> None:
    here = put(name)
    calls = [CallOf("one"), CallOf("many", records=min(290, here.publisher.limits.rows - 1))]

    (batch,) = here.batches(*calls)
    for part in (batch.slice(0, 1), batch.slice(1, 5), batch.slice(5, len(batch))):
        here.publish(part)

    assert here.rows() == {one: row for call in calls for one, row in call.rows.items()}


@every_publisher
def test_one_row_is_a_batch(name: str, put: Put) -> None:
    here = put(name)
    here.publish(here.batch(1))
    assert here.stored() == {"call-0": 1}


@every_publisher
def test_as_many_rows_as_the_limits_say_are_a_batch(name: str, put: Put) -> None:
    here = put(name)
    call = CallOf("large", here.publisher.limits.rows)

    (batch,) = here.batches(call)
    assert len(batch) == here.publisher.limits.rows
    here.publish(batch)

    assert here.stored() == dict.fromkeys(call.rows, 1)


@every_publisher
def test_a_call_over_the_limits_arrives_whole_or_in_parts_as_they_say(name: str, put: Put) -> None:
    here = put(name)
    limits = here.publisher.limits
    call = CallOf("huge", limits.rows + 1)

    batches = here.batches(CallOf("before"), call, CallOf("after"))
    for batch in batches:
        here.publish(batch)

    whole = all(part.count == part.total for batch in batches for part in batch.line_slices)
    assert whole is limits.whole_lines
    assert here.stored() == dict.fromkeys([*call.rows, "before", "after"], 1)


@every_publisher
def test_limits_bound_memory_and_leave_room_for_a_row(name: str, put: Put) -> None:
    limits = put(name).publisher.limits
    assert 1 <= limits.rows <= 100_000
    assert 1 <= limits.bytes <= 64 * 1024 * 1024
    assert 1 <= limits.requests <= 64


@every_publisher
def test_the_schema_is_read_once_and_kept(name: str, put: Put) -> None:
    here = put(name)
    asked: list[int] = []
    for _ in range(2):
        here.publisher.schema()
        asked.append(
            len(here.platform.server.requests) if isinstance(here.platform, OverHttp) else 0
        )

    assert asked[0] == asked[1]


@every_publisher
def test_as_many_threads_as_the_limits_say_lose_and_double_nothing(name: str, put: Put) -> None:
    here = put(name)
    count = here.publisher.limits.requests
    calls = [CallOf(f"call-{n}") for n in range(2 * count)]
    together = threading.Barrier(count)

    def publish(batch: Batch) -> None:
        together.wait()
        here.publish(batch)

    with ThreadPoolExecutor(count) as executor:
        list(executor.map(publish, here.batches(*calls, rows=2)))

    assert here.stored() == {call.name: 1 for call in calls}


@every_publisher
def test_a_batch_that_is_sent_again_has_the_same_ids_and_rows(name: str, put: Put) -> None:
    here = put(name)
    for _ in range(3):
        here.publish(here.batch(4))

    calls = [CallOf(f"call-{n}") for n in range(4)]
    assert here.stored() == {call.name: 1 if here.platform.replaces else 3 for call in calls}
    assert here.rows() == {call.name: row for call in calls for row in call.rows.values()}
