"""The real handler while S3, the ledger or the quarantine fails.

Every case redelivers what failed until nothing fails, and then compares what arrived with the
file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.support.fault_matrix.account import IN_FLIGHT
from tests.support.fault_matrix.aws import (
    Answer,
    aws_error,
    broken_off,
    lost_answer,
    nonsense,
)
from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.fault_matrix.clock import Context
from tests.support.fault_matrix.troubles import MANY, SMALL, ZIPPED
from tests.support.fault_matrix.world import Make
from tests.support.platforms.faults import Status
from tests.support.platforms.server import Request

S3_FAULTS: dict[str, Answer] = {
    "404": aws_error(404, "NoSuchKey"),
    "403": aws_error(403, "AccessDenied"),
    "503": aws_error(503, "SlowDown"),
    "reset at once": broken_off(0.0, politely=False),
    "reset early": broken_off(0.1, politely=False),
    "reset late": broken_off(0.95, politely=False),
    "cut early": broken_off(0.1, politely=True),
    "cut late": broken_off(0.95, politely=True),
}


@pytest.mark.parametrize("file", [SMALL, MANY, ZIPPED], ids=lambda file: file.name)
@pytest.mark.parametrize("name", S3_FAULTS)
def test_a_file_that_cannot_be_read_to_its_end_is_not_acknowledged(
    name: str, file: CaptureFile, world: Make
) -> None:
    other = CaptureFile("other", calls=3)
    here = world(file, other)
    here.aws.add("GetObject", S3_FAULTS[name], {1, 2}, lambda url: file.key in url)

    here.deliver()

    assert here.rounds == [{file.name}, {file.name}, set()]
    for one in (file, other):
        here.check_complete(one)
        assert len(here.twice(one)) <= 2 * IN_FLIGHT
    here.check_accounting()


BUSY = {
    "Item": {
        "id": {"S": "x"},
        "owner": {"S": "somebody else"},
        "finished": {"BOOL": False},
        "lease_until": {"N": "9999999999.0"},
        "offset": {"N": "0"},
        "lines": {"N": "0"},
    }
}
LEDGER_FAULTS: dict[str, Answer] = {
    "throttled": aws_error(400, "ProvisionedThroughputExceededException"),
    "taken over": aws_error(400, "ConditionalCheckFailedException", **BUSY),
    "gone": aws_error(400, "ResourceNotFoundException"),
    "broken": aws_error(500, "InternalServerError"),
    "answer lost": lost_answer,
    "a bug": nonsense,
}


@pytest.mark.parametrize("number", [1, 2, 4, 6], ids=lambda number: f"write-{number}")
@pytest.mark.parametrize("name", LEDGER_FAULTS)
def test_a_ledger_that_fails_never_lets_a_file_be_acknowledged_early(
    name: str, number: int, world: Make
) -> None:
    here = world(MANY)
    here.aws.add("UpdateItem", LEDGER_FAULTS[name], {number, number + 1})

    here.deliver()

    here.check_complete(MANY)
    if name not in {
        "answer lost",
        "a bug",
    }:  # then a part is told by nobody: its place was noted unseen
        here.check_accounting()
    failures = sum(map(bool, here.rounds))
    assert len(here.twice(MANY)) <= IN_FLIGHT * failures


@pytest.mark.parametrize("name", LEDGER_FAULTS)
def test_a_file_whose_end_cannot_be_noted_is_not_acknowledged(name: str, world: Make) -> None:
    """A ledger that may recover is asked again; else the file comes again."""
    here = world(SMALL)
    here.aws.add("UpdateItem", LEDGER_FAULTS[name], {2})

    here.deliver()

    here.check_complete(SMALL)
    comes_again = name in {"taken over", "a bug"}
    assert here.rounds == ([{SMALL.name}, set()] if comes_again else [set()])
    assert bool(here.twice(SMALL)) == (name == "taken over")


@pytest.mark.parametrize("name", ["throttled", "broken", "answer lost"])
def test_a_ledger_that_recovers_within_the_time_for_retries_costs_nothing(
    name: str, world: Make
) -> None:
    here = world(MANY)
    here.aws.add("UpdateItem", LEDGER_FAULTS[name], range(2, 1000, 2))

    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()
    assert here.rounds == [set()]
    assert not here.twice(MANY)


@pytest.mark.parametrize("name", ["throttled", "broken"])
def test_a_ledger_that_takes_no_write_after_the_claim_lets_no_more_be_published(
    name: str, world: Make
) -> None:
    here = world(MANY)
    here.aws.add("UpdateItem", LEDGER_FAULTS[name], range(2, 1000))

    assert here.invoke({"one": MANY.message}) == {"one"}

    assert len(here.server.publish_requests) <= IN_FLIGHT


def test_a_ledger_that_stays_away_publishes_nothing(world: Make) -> None:
    here = world(MANY)
    here.aws.add("UpdateItem", LEDGER_FAULTS["gone"], range(1, 100))

    assert here.invoke({"one": MANY.message}) == {"one"}
    assert here.server.publish_requests == []


QUARANTINE_FAULTS: dict[str, Answer] = {
    "403": aws_error(403, "AccessDenied"),
    "503": aws_error(503, "SlowDown"),
    "answer lost": lost_answer,
    "a bug": nonsense,
}


@pytest.mark.parametrize("times", [1, 3, 8])
@pytest.mark.parametrize("name", QUARANTINE_FAULTS)
def test_a_rejected_line_that_cannot_be_kept_keeps_its_file_from_being_acknowledged(
    name: str, times: int, world: Make
) -> None:
    here = world(MANY)
    bad = {MANY.ids[n] for n in (10, 250, 599)}
    here.server.refuse_ids(lambda one: one in bad)
    here.aws.add("PutObject", QUARANTINE_FAULTS[name], range(1, times + 1))

    here.deliver()

    assert here.rounds[0] == {MANY.name}
    assert len(here.rounds) <= times + 1
    here.check_complete(MANY)
    if name != "a bug":  # what it had done then is told by nobody
        here.check_accounting()
    assert len(here.twice(MANY)) <= IN_FLIGHT * times


SECONDS = 4.0


@pytest.mark.parametrize(
    "operation", ["GetObject", "UpdateItem", "PutObject", "SendMessage", "GetSecretValue"]
)
def test_a_service_of_aws_that_never_answers_does_not_have_the_invocation_killed(
    operation: str, world: Make
) -> None:
    here = world(MANY, FORWARDER_REQUESTS_IN_FLIGHT="1")
    here.context = Context(SECONDS)
    bad = MANY.ids[10]
    here.server.refuse_ids(lambda one: one == bad)
    released = threading.Event()

    def stall(_: AWSPreparedRequest, really: Callable[[], AWSResponse | None]) -> AWSResponse:
        released.wait(60)
        answer = really()
        assert answer is not None
        return answer

    def take_a_second(request: Request) -> bool:
        if operation == "SendMessage" and request.publish_number:
            here.clock.skip(1.0)
        return False

    here.server.fail_when(take_a_second, Status(500))
    here.aws.add(operation, stall, {1})
    began = here.clock.monotonic()
    try:
        assert here.invoke({MANY.name: MANY.message}) == {MANY.name}
        assert here.clock.monotonic() < began + SECONDS, "Lambda would have killed it"
    finally:
        released.set()

    here.context = None
    here.clock.skip(3600)
    here.deliver()
    here.check_complete(MANY)
