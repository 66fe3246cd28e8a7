"""The real handler where rows that come again replace the first: in the end, none is double."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.fault_matrix.aws import (
    Answer,
    aws_error,
    broken_off,
    lost_answer,
    nonsense,
)
from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.fault_matrix.label_file import labels_of
from tests.support.fault_matrix.troubles import MANY, SMALL, ZIPPED
from tests.support.fault_matrix.world import Make, World
from tests.support.publishers_under_test.local import S3_OUTPUT_FAULTS, in_rows_bucket
from tests.support.publishers_under_test.registry import PUBLISHERS

REPLACING = [name for name, entry in PUBLISHERS.items() if entry.replaces]
every_output = pytest.mark.parametrize("publisher", REPLACING)
# Which of the files with rows meets the fault, counted from the first; six are to be written.
WRITES = {
    "first": {1, 2},
    "middle": {3},
    "last": {6, 7},
    "every": set(range(1, 13)),
    "second, for long": set(range(2, 60)),
}


def sent_to(publisher: str) -> CaptureFile:
    """A file of what a publisher takes: captures, or labels."""
    return labels_of(MANY) if PUBLISHERS[publisher].labels else MANY


def check_each_once(here: World, file: CaptureFile) -> None:
    here.check_complete(file)
    # What a platform keeps of all that it took: a repeat replaces what was there.
    assert set(Counter(name for name, _ in here.platform.stored).values()) == {1}


@pytest.mark.parametrize("where", WRITES)
@pytest.mark.parametrize("name", S3_OUTPUT_FAULTS)
def test_whatever_s3_does_to_a_file_with_rows_every_row_is_there_once(
    name: str, where: str, world: Make
) -> None:
    file = ZIPPED if where == "middle" else MANY
    here = world(file, publisher="files-s3")
    here.aws.add("PutObject", S3_OUTPUT_FAULTS[name], WRITES[where], in_rows_bucket)

    here.deliver()

    check_each_once(here, file)
    here.check_accounting()
    assert any(here.rounds) or here.metrics["PublishRetries"] >= 1


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "ExpiredToken"])
def test_what_somebody_has_to_change_fails_at_once_until_it_is_changed(
    code: str, world: Make
) -> None:
    here = world(MANY, publisher="files-s3", FORWARDER_REQUESTS_IN_FLIGHT="1")
    here.aws.add("PutObject", aws_error(403, code), {3, 4}, in_rows_bucket)

    here.deliver()

    assert here.rounds == [{MANY.name}, {MANY.name}, set()]
    check_each_once(here, MANY)
    here.check_accounting()


AROUND: dict[str, tuple[str, Answer, set[int]]] = {
    "file cut": ("GetObject", broken_off(0.95, politely=True), {1}),
    "file broken off": ("GetObject", broken_off(0.5, politely=False), {1, 2}),
    "place not noted": ("UpdateItem", aws_error(500, "InternalServerError"), {2, 3}),
    "place noted unseen": ("UpdateItem", lost_answer, {3}),
    "a bug": ("UpdateItem", nonsense, {2}),
}


@every_output
@pytest.mark.parametrize("name", AROUND)
def test_whatever_happens_around_it_every_row_is_there_once(
    name: str, publisher: str, world: Make
) -> None:
    file = sent_to(publisher)
    here = world(file, publisher=publisher)
    here.aws.add(*AROUND[name])

    here.deliver()

    # A ledger that recovers is asked again within the invocation, where anything is tried again.
    is_mended = name.startswith("place") and not publisher.startswith("duckdb")
    assert here.rounds[0] == (set() if is_mended else {file.name})
    check_each_once(here, file)


@every_output
def test_without_a_ledger_a_file_that_is_announced_twice_is_there_once(
    publisher: str, world: Make
) -> None:
    file = sent_to(publisher)
    here = world(file, publisher=publisher, FORWARDER_LEDGER="", FORWARDER_QUEUE_URL="")
    for _ in range(2):
        assert here.invoke({"one": file.message}) == set()

    check_each_once(here, file)
    assert here.metrics["ObjectsForwarded"] == 2


@pytest.mark.parametrize("publisher", ["duckdb", "files"])
def test_a_place_that_cannot_be_written_fails_the_message_until_it_can(
    publisher: str, world: Make
) -> None:
    here = world(SMALL, publisher=publisher)
    entry = PUBLISHERS[publisher]
    (happens,) = {**entry.unavailable, **entry.misconfigured}.values()
    happens(here.platform)
    assert here.invoke({"one": SMALL.message}) == {"one"}
    assert here.clock.sleeps == []  # it is told at once

    here.platform.mend()
    here.deliver()

    check_each_once(here, SMALL)
