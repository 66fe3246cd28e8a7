"""The real handler and a platform that fails at one row every time: 5xx, a reset, no answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.fault_matrix.label_file import labels_of
from tests.support.fault_matrix.troubles import MANY, SMALL, ZIPPED, Trouble
from tests.support.fault_matrix.world import Make, World
from tests.support.platforms.arthur import ArthurServer
from tests.support.platforms.faults import Fault, Reset, Slow, Status
from tests.support.publishers_under_test.registry import FAULT_MATRIX

FAULTS: dict[str, Fault] = {
    "500": Status(500, "cannot store Jane Doe"),
    "503 from a proxy": Status(503, body="html"),
    "reset": Reset(stored=False),
}
# Arthur takes the other rows of a request and names the one that it fails at.
WHOLE_REQUESTS = [name for name in FAULT_MATRIX if name != "arthur"]
BY_NAME = ["arthur", "arthur-labels"]
ALWAYS = 10**6


def poison(here: World, rows: set[str], fault: Fault) -> None:
    """Have the platform fail at each request that holds one of the rows."""
    here.server.fail_when(lambda request: not rows.isdisjoint(here.server.ids_in(request)), fault)


@pytest.mark.parametrize("publisher", WHOLE_REQUESTS)
@pytest.mark.parametrize("place", [0, 311, 599])
@pytest.mark.parametrize("name", FAULTS)
def test_a_row_that_the_platform_fails_at_goes_to_quarantine_alone(
    name: str, place: int, publisher: str, world: Make
) -> None:
    mate = CaptureFile("mate", calls=10)
    here = world(MANY, mate, publisher=publisher)
    bad = MANY.ids[place]
    poison(here, {bad}, FAULTS[name])

    here.deliver()

    for file in (MANY, mate):
        here.check_complete(file)
    here.check_accounting()
    assert here.rounds == [set()], "neither the file nor its mate is held up"
    assert not here.twice(MANY)
    (entry,) = [entry for entry in here.quarantined if entry["inference_id"]]
    assert (entry["inference_id"], entry["reason"]) == (bad, "rejected-by-platform")
    if name != "reset":
        assert name.split(maxsplit=1)[0] in entry["detail"]
    assert here.metrics["InferencesRefused"] == 1
    assert "Jane" not in str(here.documents)
    if name == "500":
        assert "cannot store Jane Doe" in entry["detail"]


def test_a_row_that_is_never_answered_in_time_goes_to_quarantine_alone(world: Make) -> None:
    here = world(SMALL, FORWARDER_REQUEST_TIMEOUT_SECONDS="0.3", FORWARDER_LEASE_SECONDS="1")
    bad = SMALL.ids[17]
    poison(here, {bad}, Slow(then=Reset(stored=False)))

    here.deliver()

    here.check_complete(SMALL)
    (entry,) = [entry for entry in here.quarantined if entry["inference_id"]]
    assert entry["inference_id"] == bad
    assert "in time" in entry["detail"]


@pytest.mark.parametrize("file", [MANY, ZIPPED], ids=lambda file: file.name)
def test_such_a_row_is_found_while_the_platform_fails_at_others_now_and_then(
    file: CaptureFile, world: Make
) -> None:
    here = world(file)
    poison(here, {file.ids[405]}, Status(500))
    here.server.fail_when(Trouble(here, file, "every", 6), Status(503))

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    refused = [entry["inference_id"] for entry in here.quarantined if entry["inference_id"]]
    assert refused == [file.ids[405]]


def name_rows(here: World, failing: Callable[[str], bool], status: int, times: int) -> None:
    """Have Arthur name such rows so often each, while it takes all others."""
    assert isinstance(here.server, ArthurServer)
    here.server.fail_ids(failing, status, times)


@pytest.mark.parametrize("publisher", BY_NAME)
@pytest.mark.parametrize(("place", "status"), [(0, 500), (311, 503), (599, 500)])
def test_a_row_that_is_named_with_a_failure_every_time_goes_to_quarantine_alone(
    place: int, status: int, publisher: str, world: Make
) -> None:
    file, mate = MANY, CaptureFile("mate", calls=10)
    if publisher == "arthur-labels":
        file, mate = labels_of(file), labels_of(mate)
    here = world(file, mate, publisher=publisher)
    bad = file.ids[place]
    name_rows(here, lambda name: name == bad, status, ALWAYS)

    here.deliver()

    for one in (file, mate):
        here.check_complete(one)
    here.check_accounting()
    assert here.rounds == [set()], "neither the file nor its mate is held up"
    again = sum(here.stored.values()) - len(here.stored)
    assert again <= 3, "a few rows are sent again to compare with"
    (entry,) = [entry for entry in here.quarantined if entry["inference_id"]]
    assert (entry["inference_id"], entry["reason"]) == (bad, "rejected-by-platform")
    assert entry["detail"].startswith(f"Arthur failed at it with status {status}. could not be")
    assert here.metrics["InferencesRefused"] == 1
    assert "could not be stored" not in str(here.documents)


def test_several_rows_of_a_file_are_named_and_quarantined_each_in_its_batch(world: Make) -> None:
    here = world(MANY, publisher="arthur")
    bad = {MANY.ids[place] for place in (3, 4, 99, 100, 350, 598, 599)}
    name_rows(here, lambda name: name in bad, 500, ALWAYS)

    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()
    assert here.rounds == [set()]
    assert {entry["inference_id"] for entry in here.quarantined if entry["inference_id"]} == bad


@pytest.mark.parametrize("records", [2, 3])
def test_a_row_that_is_named_in_a_file_of_few_goes_to_quarantine_alone(
    records: int, world: Make
) -> None:
    few = CaptureFile("few", calls=1, records=records)
    here = world(few, publisher="arthur")
    name_rows(here, lambda name: name == few.ids[-1], 500, ALWAYS)

    here.deliver()

    here.check_complete(few)
    here.check_accounting()
    assert here.rounds == [set()]


@pytest.mark.parametrize(("parts", "status"), [(2, 503), (16, 500), (16, 429)])
def test_a_part_of_a_platform_that_is_down_for_a_while_costs_no_row(
    parts: int, status: int, world: Make
) -> None:
    here = world(MANY, publisher="arthur")
    name_rows(here, lambda name: MANY.position[name] % parts == 1, status, 12)

    # How often each row is tried in an invocation depends on chance, and so does how many it takes.
    here.deliver(rounds=60)

    here.check_complete(MANY)
    here.check_accounting()
    assert not [entry for entry in here.quarantined if entry["inference_id"]]
    assert here.rounds[-1] == set()


def test_a_part_of_a_platform_that_stays_down_fails_the_file_and_is_told(world: Make) -> None:
    here = world(MANY, publisher="arthur")
    name_rows(here, lambda name: MANY.position[name] % 16 == 1, 503, ALWAYS)

    for _ in range(5):
        assert here.invoke({"many": MANY.message}) == {"many"}
        here.clock.sleep(120)

    assert not [entry for entry in here.quarantined if entry["inference_id"]]
    assert here.metrics["ObjectsFailed"] == 5


def test_a_file_of_one_such_row_holds_up_none_of_its_mates(world: Make) -> None:
    alone = CaptureFile("alone", calls=1, records=1)
    mates = [CaptureFile(f"mate-{n}", calls=10) for n in range(5)]
    here = world(alone, *mates)
    poison(here, set(alone.ids), Status(500))

    failed = here.invoke({file.name: file.message for file in (alone, *mates)})

    assert failed == {"alone"}, "nothing stands beside the row that would tell it from an outage"
    for file in mates:
        here.check_complete(file)
    assert [entry for entry in here.quarantined if entry["inference_id"]] == []
