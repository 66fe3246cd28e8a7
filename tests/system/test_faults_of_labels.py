"""The real handler with files of labels, against all that a platform can do to it.

As `test_faults` does with captures: what failed is redelivered until nothing fails, and then what
arrived is compared with the file.
"""

from __future__ import annotations

import gzip
import json

import pytest

from tests.support.fault_matrix.capture_file import ROWS, CaptureFile
from tests.support.fault_matrix.label_file import labels_of
from tests.support.fault_matrix.troubles import (
    FAULTS,
    MANY,
    SMALL,
    ZIPPED,
    Trouble,
    fault,
    shut_for,
)
from tests.support.fault_matrix.world import Make
from tests.support.publishers_under_test.registry import LABELS_FAULT_MATRIX, PUBLISHERS

PLACES = [("first", 2, SMALL), ("every", 12, MANY), ("middle", 2, ZIPPED)]
LABELS = [name for name, entry in PUBLISHERS.items() if entry.labels]


@pytest.mark.parametrize("place", PLACES, ids=[f"{place[2].name}-{place[0]}" for place in PLACES])
@pytest.mark.parametrize("publisher", LABELS_FAULT_MATRIX)
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_the_platform_does_every_label_arrives(
    name: str, publisher: str, place: tuple[str, int, CaptureFile], world: Make
) -> None:
    where, times, captured = place
    file = labels_of(captured)
    refused, slow = name == "connection refused", name == "too slow"
    hasty = {"FORWARDER_REQUEST_TIMEOUT_SECONDS": "0.2"} if slow else {}
    here = world(file, publisher=publisher, door=refused, **hasty)
    happens = shut_for(here, times) if refused else lambda: None
    trouble = Trouble(here, file, where, 1 if refused else min(times, 2 if slow else 12), happens)
    here.server.fail_when(trouble, fault(name))

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    if slow or refused:
        return  # a machine that is busy makes other answers slow as well
    twice = here.twice(file)
    assert bool(twice) == FAULTS[name]
    assert twice <= trouble.wanted


@pytest.mark.parametrize("publisher", LABELS_FAULT_MATRIX)
def test_refused_labels_go_to_quarantine_alone_and_all_others_arrive_once(
    publisher: str, world: Make
) -> None:
    file = labels_of(MANY)
    here = world(file, publisher=publisher)
    bad = {file.ids[2 * ROWS + n] for n in (0, 32, 33, 99)}
    here.server.refuse_ids(lambda one: one in bad, 400)

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    assert {one["inference_id"] for one in here.quarantined if one["inference_id"]} == bad
    assert not here.twice(file)


@pytest.mark.parametrize("publisher", LABELS)
def test_a_file_of_labels_that_is_announced_twice_is_sent_once(publisher: str, world: Make) -> None:
    file = labels_of(ZIPPED)
    here = world(file, publisher=publisher)

    here.deliver()
    assert here.invoke({"again": file.message}) == set()

    here.check_complete(file)
    here.check_accounting()
    assert not here.twice(file)
    assert here.metrics["ObjectsRepeated"] == 1


def test_a_table_that_breaks_off_goes_on_where_it_stopped(world: Make) -> None:
    file = labels_of(MANY)
    here = world(file, publisher="fiddler-labels")
    rows = "".join(f"{name},{n}\n" for n, name in enumerate(file.ids))
    table = gzip.compress(f"id,x\n{rows}".encode())
    here.s3.put_object(Bucket="capture-bucket", Key=file.key, Body=table)
    key = file.key.replace(".jsonl", ".csv.gz")
    here.s3.put_object(Bucket="capture-bucket", Key=key, Body=table)
    message = file.message.replace(file.key, key)
    here.server.fail_when(Trouble(here, file, "middle", 12), fault("429"))

    left = {"one": message}
    while left:
        left = {name: body for name, body in left.items() if name in here.invoke(left)}
        here.clock.sleep(120)

    assert len(here.stored) == len(file.ids)
    assert set(here.stored.values()) == {1}
    told = [summary for summary in here.summaries if summary.get("lines")]
    assert sum(summary["lines"] for summary in told) == len(file.ids) + 1
    assert sum(summary["empty"] for summary in told) == 1
    assert any(summary["resumed_at"] for summary in told)
    assert json.loads(message)["detail"]["object"]["key"] == key
