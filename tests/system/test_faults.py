"""The real handler against everything that a platform can do to it.

S3, DynamoDB, SQS and Secrets Manager are moto's, the platforms are the loopback ones. Every case
redelivers what failed until nothing fails, and then compares what arrived with the file.
"""

from __future__ import annotations

import json
import math
import random

import pytest

from tests.support.fault_matrix.account import IN_FLIGHT
from tests.support.fault_matrix.capture_file import ROWS, CaptureFile
from tests.support.fault_matrix.label_file import labels_of
from tests.support.fault_matrix.troubles import (
    FAULTS,
    MANY,
    PLACES,
    SMALL,
    ZIPPED,
    Trouble,
    fault,
    shut_for,
)
from tests.support.fault_matrix.world import Make, World
from tests.support.platforms.faults import Status
from tests.support.publishers_under_test.registry import FAULT_MATRIX, OVER_HTTP

CASES = [
    *((publisher, *place) for publisher in FAULT_MATRIX for place in PLACES),
    # These share their code with one of those, but for what the contract's suite looks at.
    ("openscale-v1", "every", 12, ZIPPED),
    ("openscale-confirmed", "first", 2, SMALL),
    ("openscale-cloud-pak", "last", 2, SMALL),
]
every_platform = pytest.mark.parametrize("publisher", FAULT_MATRIX)


@pytest.mark.parametrize(
    ("publisher", "where", "times", "file"),
    CASES,
    ids=[f"{publisher}-{file.name}-{where}-{times}" for publisher, where, times, file in CASES],
)
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_the_platform_does_every_inference_arrives(  # noqa: PLR0913, PLR0917
    name: str, publisher: str, where: str, times: int, file: CaptureFile, world: Make
) -> None:
    refused, slow = name == "connection refused", name == "too slow"
    halved = name == "500" and 500 in OVER_HTTP[publisher].failures_that_refuse
    hasty = {"FORWARDER_REQUEST_TIMEOUT_SECONDS": "0.2", "FORWARDER_REQUESTS_IN_FLIGHT": "2"}
    here = world(file, publisher=publisher, door=refused, **(hasty if slow else {}))
    happens = shut_for(here, times) if refused else lambda: None
    trouble = Trouble(here, file, where, 1 if refused else min(times, 2 if slow else 12), happens)
    here.server.fail_when(trouble, fault(name))

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    failures = sum(map(bool, here.rounds))
    twice = here.twice(file)
    if slow:
        return  # a machine that is busy makes other answers slow as well
    if not failures:
        # The summary of one invocation is that of the whole file.
        (told,) = here.summaries
        assert told["message"] == "object forwarded"
        assert told["retries"] >= 1 or halved
    if refused:
        # Closing the door cuts what is in flight as well, after it was stored or before.
        assert len(twice) <= IN_FLIGHT * (failures + 1)
    elif not failures:
        # Only what the platform has stored in spite of its answer is there twice.
        assert bool(twice) == FAULTS[name]
        assert twice <= trouble.wanted
    elif not FAULTS[name]:
        # Behind a batch that failed for good, others may have landed already.
        assert len(twice) <= (IN_FLIGHT - 1) * failures
        assert not twice or min(twice) > min(trouble.wanted)
    if name == "429 with Retry-After":
        assert sum(slept >= 2 for slept in here.clock.sleeps) >= failures + 1


def watch(here: World, trouble: Trouble) -> None:
    """Let something happen when a batch comes, which is answered as ever."""
    here.server.fail_when(lambda request: trouble(request) and False, Status(500))


REFUSED = {
    "first": [0],
    "middle": [ROWS // 2],
    "last": [ROWS - 1],
    "next to the middle": [ROWS // 2 - 1],
    "both ends": [0, ROWS - 1],
    "neighbours": [32, 33, 34],
}


@pytest.mark.parametrize(
    ("publisher", "batch", "status"),
    [
        ("fiddler", 0, 400),
        ("fiddler", 2, 422),
        ("fiddler", 5, 400),
        ("arthur", 2, 400),
        ("openscale", 2, 422),
    ],
)
@pytest.mark.parametrize("where", REFUSED)
def test_refused_rows_go_to_quarantine_alone_and_all_others_arrive_once(
    where: str, batch: int, status: int, publisher: str, world: Make
) -> None:
    file = ZIPPED if status == 422 else MANY
    here = world(file, publisher=publisher)
    bad = {file.ids[batch * ROWS + n] for n in REFUSED[where]}
    here.server.refuse_ids(lambda one: one in bad, status)

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    assert here.rounds == [set()]
    assert not here.twice(file)
    entries = [entry for entry in here.quarantined if entry["inference_id"]]
    assert {entry["inference_id"] for entry in entries} == bad
    assert all(entry["reason"] == "rejected-by-platform" for entry in entries)
    for entry in entries:
        assert OVER_HTTP[publisher].says in entry["detail"]
        assert json.loads(entry["line"])["eventMetadata"]["eventId"] in entry["inference_id"]


@pytest.mark.parametrize("position", [0, 1, 499, 500, 624, 750, 937, 999])
def test_one_refused_row_costs_at_most_two_requests_a_halving_and_one(
    position: int, world: Make
) -> None:
    file = CaptureFile("one", calls=10, records=100)
    here = world(file, rows=1000)
    here.server.refuse_ids(lambda one: one == file.ids[position])

    here.deliver()

    here.check_complete(file)
    assert len(here.server.publish_requests) <= 2 * math.log2(len(file.ids)) + 1


def test_where_the_platform_names_what_it_refuses_nothing_is_halved(world: Make) -> None:
    here = world(MANY, publisher="arthur")
    here.server.refuse_ids(lambda one: one in MANY.ids[250:260])

    here.deliver()

    here.check_complete(MANY)
    assert len(here.server.publish_requests) == MANY.batches


@every_platform
def test_fifty_refused_rows_all_over_a_file_are_kept_once_each(publisher: str, world: Make) -> None:
    here = world(MANY, publisher=publisher)
    bad = set(random.sample(MANY.ids, 50))
    here.server.refuse_ids(lambda one: one in bad)
    here.server.fail_when(Trouble(here, MANY, "middle", 12), Status(503))

    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()
    assert len(here.quarantined) == len(bad) + len(MANY.bad_lines)


@pytest.mark.parametrize("publisher", OVER_HTTP)
@pytest.mark.parametrize(
    ("file", "where"), [(SMALL, "first"), (MANY, "last"), (ZIPPED, "middle")], ids=str
)
def test_a_rotated_secret_causes_no_failure(
    file: CaptureFile, where: str, publisher: str, world: Make
) -> None:
    file = labels_of(file) if OVER_HTTP[publisher].labels else file
    here = world(file, publisher=publisher)
    watch(here, Trouble(here, file, where, 1, here.rotate_secret))

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    assert here.rounds == [set()]
    assert not here.twice(file)


@every_platform
def test_a_secret_that_is_rotated_again_and_again_loses_nothing(
    publisher: str, world: Make
) -> None:
    here = world(MANY, publisher=publisher)
    watch(here, Trouble(here, MANY, "every", 5, here.rotate_secret))

    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()


@every_platform
def test_a_secret_that_nobody_renews_fails_the_file_until_somebody_does(
    publisher: str, world: Make
) -> None:
    here = world(MANY, publisher=publisher)
    watch(here, Trouble(here, MANY, "middle", 1, here.platform.expire))

    assert here.invoke({"one": MANY.message}) == {"one"}
    here.platform.renew()
    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()


@pytest.mark.parametrize(
    ("publisher", "door"), [("fiddler", True), *((publisher, False) for publisher in FAULT_MATRIX)]
)
def test_a_dead_platform_is_tried_for_one_file_and_not_for_the_others(
    publisher: str, door: bool, world: Make
) -> None:
    files = [CaptureFile(f"file-{n}", calls=10) for n in range(10)]
    here = world(*files, CaptureFile("warm", calls=1), publisher=publisher, door=door)
    assert here.invoke({"warm": here.files[CaptureFile("warm").key].message}) == set()
    warm = len(here.server.requests)
    if door:
        here.door.close()
    here.server.fail_when(lambda request: bool(request.publish_number), Status(503))

    failed = here.invoke({file.name: file.message for file in files})

    assert failed == {file.name for file in files}
    asked = here.server.requests[warm:]
    others = [request for request in asked if here.batch_of(files[0], request) != 0]
    # The second tells whether the platform fails at nothing but a row of the first.
    assert len(others) == (0 if door else 1)
    assert all(here.batch_of(files[1], request) == 0 for request in others)
    # Ten seconds of trying, the waits growing from half a second with jitter.
    assert len(here.clock.sleeps) < 60
    here.platform.mend()
    if door:
        here.door.open()
    here.deliver(*files)
    for file in files:
        here.check_complete(file)
        assert not here.twice(file)
