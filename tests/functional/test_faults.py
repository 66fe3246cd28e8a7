"""The real handler against everything that can go wrong around it.

S3, DynamoDB, SQS and Secrets Manager are moto's, the platform is the loopback one. Every case
redelivers what failed until nothing fails, and then compares what arrived with the file.
"""

from __future__ import annotations

import json
import math
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from capture_forwarder.settings import load
from capture_forwarder.wiring import build_forwarder
from tests.functional.fault_matrix import (
    IN_FLIGHT,
    ROWS,
    Answer,
    CaptureFile,
    Context,
    World,
    aws_error,
    broken_off,
    lost_answer,
    nonsense,
)
from tests.platforms.faults import LOGIN_PAGE, Fault, Reset, Slow, Status, Truncated
from tests.platforms.server import Request

SMALL = CaptureFile("small", calls=5, bad_every=3)
MANY = CaptureFile("many", calls=60, bad_every=7)
ZIPPED = CaptureFile("zipped", calls=60, bad_every=7, zipped=True)

Make = Callable[..., World]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Make]:
    """Makes an account with files in it, a platform and the settings that join them."""
    with ExitStack() as stack:

        def make(
            *files: CaptureFile, door: bool = False, rows: int = ROWS, **variables: str
        ) -> World:
            made = World(
                monkeypatch, capsys, files, variables=variables, behind_a_door=door, rows=rows
            )
            return stack.enter_context(made)

        yield make


@pytest.fixture(autouse=True)
def seed() -> int:
    """Makes the waiting between tries repeatable, as far as threads allow."""
    chosen = random.SystemRandom().randrange(2**32)
    random.seed(chosen)
    print(f"seed {chosen}")  # noqa: T201
    return chosen


# What the platform does, and whether it has stored the batch when it does so.
FAULTS: dict[str, tuple[Fault, bool]] = {
    "429": (Status(429), False),
    "429 with Retry-After": (Status(429, retry_after=2), False),
    "500": (Status(500), False),
    "503": (Status(503), False),
    "503 from a proxy": (Status(503, body="html"), False),
    "connection refused": (Reset(stored=False), False),
    "reset before storing": (Reset(stored=False), False),
    "reset after storing": (Reset(stored=True), True),
    "truncated answer": (Truncated(), True),
    "200 with HTML": (LOGIN_PAGE, False),
    "too slow": (Slow(), True),
}
# Which batch meets the fault; how often; in which file.
PLACES: list[tuple[str, int, CaptureFile]] = [
    ("first", 2, MANY),
    ("middle", 12, MANY),
    ("last", 2, MANY),
    ("every", 12, MANY),
    ("first", 2, SMALL),
    ("last", 12, SMALL),
    ("every", 12, ZIPPED),
    ("middle", 2, ZIPPED),
]


class Trouble:
    """Selects a batch's requests so often; `happens` is called each time."""

    def __init__(
        self, file: CaptureFile, where: str, times: int, happens: Callable[[], None] = lambda: None
    ) -> None:
        last = file.batches - 1
        self._file = file
        self._wanted = {"first": {0}, "middle": {last // 2}, "last": {last}}.get(where)
        self._times = times
        self._happens = happens

    @property
    def wanted(self) -> set[int]:
        return set(range(self._file.batches)) if self._wanted is None else self._wanted

    def __call__(self, request: Request) -> bool:
        if not self._times or self._file.batch_of(request) not in self.wanted:
            return False
        self._times -= 1
        self._happens()
        return True


@pytest.mark.parametrize(
    ("where", "times", "file"), PLACES, ids=[f"{f.name}-{w}-{t}" for w, t, f in PLACES]
)
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_the_platform_does_every_inference_arrives(
    name: str, where: str, times: int, file: CaptureFile, world: Make
) -> None:
    fault, stores = FAULTS[name]
    slow = {"FORWARDER_REQUEST_TIMEOUT_SECONDS": "0.2", "FORWARDER_REQUESTS_IN_FLIGHT": "2"}
    here = world(file, door=name == "connection refused", **(slow if name == "too slow" else {}))
    if name == "too slow":
        times = min(times, 4)
    happens = shut_for(here, times) if name == "connection refused" else lambda: None
    trouble = Trouble(file, where, 1 if name == "connection refused" else times, happens)
    here.server.fail_when(trouble, fault)

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    failures = sum(map(bool, here.rounds))
    twice = here.twice(file)
    if name == "too slow":
        return  # a machine that is busy makes other answers slow as well
    if not failures:
        # The summary of one invocation is that of the whole file.
        (told,) = here.summaries
        assert told["message"] == "object forwarded"
        assert told["retries"] >= 1
    if name == "connection refused":
        # Closing the door cuts what is under way as well, after it was stored or before.
        assert len(twice) <= IN_FLIGHT * (failures + 1)
    elif not failures:
        # Only what the platform has stored in spite of its answer is there twice.
        assert bool(twice) == stores
        assert twice <= trouble.wanted
    elif not stores:
        # Behind a batch that failed for good, others may have landed already.
        assert len(twice) <= (IN_FLIGHT - 1) * failures
        assert not twice or min(twice) > min(trouble.wanted)
    if name == "429 with Retry-After":
        assert sum(slept >= 2 for slept in here.clock.sleeps) >= failures + 1


def shut_for(here: World, sleeps: int) -> Callable[[], None]:
    """Close the platform's door, and open it when somebody has waited so many times."""
    left = 0

    def wake() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            here.door.open()

    def shut() -> None:
        nonlocal left
        left = sleeps
        here.door.close()

    here.clock.on_sleep = wake
    return shut


REFUSED = {
    "first": [0],
    "middle": [ROWS // 2],
    "last": [ROWS - 1],
    "next to the middle": [ROWS // 2 - 1],
    "both ends": [0, ROWS - 1],
    "neighbours": [32, 33, 34],
}


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("batch", [0, 2, 5])
@pytest.mark.parametrize("where", REFUSED)
def test_refused_rows_go_to_quarantine_alone_and_all_others_arrive_once(
    where: str, batch: int, status: int, world: Make
) -> None:
    if (batch == 2) == (status == 422):
        return
    file = ZIPPED if status == 422 else MANY
    here = world(file)
    bad = {file.ids[batch * ROWS + n] for n in REFUSED[where]}
    here.server.refuse(lambda row: row["event_id"] in bad, status)

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    assert here.rounds == [set()]
    assert not here.twice(file)
    entries = [entry for entry in here.quarantined if entry["inference_id"]]
    assert {entry["inference_id"] for entry in entries} == bad
    assert all(entry["reason"] == "rejected-by-platform" for entry in entries)
    assert all("Invalid event data" in entry["detail"] for entry in entries)
    for entry in entries:
        assert json.loads(entry["line"])["eventMetadata"]["eventId"] in entry["inference_id"]


@pytest.mark.parametrize("position", [0, 1, 499, 500, 624, 750, 937, 999])
def test_one_refused_row_costs_at_most_two_requests_a_halving_and_one(
    position: int, world: Make
) -> None:
    file = CaptureFile("one", calls=10, records=100)
    here = world(file, rows=1000)
    here.server.refuse(lambda row: row["event_id"] == file.ids[position])

    here.deliver()

    here.check_complete(file)
    assert len(here.server.publish_requests) <= 2 * math.log2(len(file.ids)) + 1


def test_fifty_refused_rows_all_over_a_file_are_kept_once_each(world: Make) -> None:
    here = world(MANY)
    bad = set(random.sample(MANY.ids, 50))
    here.server.refuse(lambda row: row["event_id"] in bad)
    here.server.fail_when(Trouble(MANY, "middle", 12), Status(503))

    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()
    assert len(here.quarantined) == len(bad) + len(MANY.bad_lines)


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("file", [SMALL, MANY, ZIPPED], ids=lambda file: file.name)
def test_a_rotated_token_causes_no_failure(file: CaptureFile, where: str, world: Make) -> None:
    here = world(file)
    trouble = Trouble(file, where, 1, here.rotate_token)
    here.server.fail_when(lambda request: trouble(request) and False, Status(500))

    here.deliver()

    here.check_complete(file)
    here.check_accounting()
    assert here.rounds == [set()]
    assert not here.twice(file)


def test_a_token_that_is_rotated_again_and_again_loses_nothing(world: Make) -> None:
    here = world(MANY)
    trouble = Trouble(MANY, "every", 5, here.rotate_token)
    here.server.fail_when(lambda request: trouble(request) and False, Status(500))

    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()


def test_a_token_that_nobody_renews_fails_the_file_until_somebody_does(world: Make) -> None:
    here = world(MANY)
    kept = here.server.token

    def expire() -> None:
        here.server.token = kept[::-1]

    trouble = Trouble(MANY, "middle", 1, expire)
    here.server.fail_when(lambda request: trouble(request) and False, Status(500))

    assert here.invoke({"one": MANY.message}) == {"one"}
    here.server.token = kept
    here.deliver()

    here.check_complete(MANY)
    here.check_accounting()


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
def test_a_file_whose_end_cannot_be_noted_comes_again(name: str, world: Make) -> None:
    here = world(SMALL)
    here.aws.add("UpdateItem", LEDGER_FAULTS[name], {2})

    here.deliver()

    here.check_complete(SMALL)
    assert here.rounds == [{SMALL.name}, set()]


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
    here.server.refuse(lambda row: row["event_id"] in bad)
    here.aws.add("PutObject", QUARANTINE_FAULTS[name], range(1, times + 1))

    here.deliver()

    assert here.rounds[0] == {MANY.name}
    assert len(here.rounds) <= times + 1
    here.check_complete(MANY)
    if name != "a bug":  # what it had done then is told by nobody
        here.check_accounting()
    assert len(here.twice(MANY)) <= IN_FLIGHT * times


def test_a_file_that_is_announced_twice_is_sent_once(world: Make) -> None:
    here = world(MANY)
    assert here.invoke({"one": MANY.message, "two": MANY.message}) == set()
    assert here.invoke({"three": MANY.message}) == set()

    here.check_complete(MANY)
    assert not here.twice(MANY)
    assert here.metrics["ObjectsRepeated"] == 2


def test_of_two_invocations_at_once_one_works_and_the_other_is_told_to_come_again(
    world: Make,
) -> None:
    here = world(MANY)
    hold = Slow()
    here.server.fail_when(Trouble(MANY, "first", 1), hold)
    first, second = (build_forwarder(load()) for _ in range(2))
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(first.handle(sqs(MANY), owner="one")))
    thread.start()
    assert here.server.wait_for_publishes(1)

    busy = second.handle(sqs(MANY), owner="two")
    hold.release.set()
    thread.join()

    assert busy == {"batchItemFailures": [{"itemIdentifier": MANY.name}]}
    assert answers == [{"batchItemFailures": []}]
    assert second.handle(sqs(MANY), owner="two") == {"batchItemFailures": []}
    here.check_complete(MANY)
    assert not here.twice(MANY)


def test_many_invocations_at_once_send_every_inference_once(world: Make) -> None:
    here = world(MANY, SMALL)
    barrier = threading.Barrier(4)
    early: list[str] = []

    def work(number: int) -> None:
        forwarder = build_forwarder(load())
        barrier.wait()
        for attempt in range(1000):
            answer: Any = forwarder.handle(sqs(MANY, SMALL), owner=f"{number}/{attempt}")
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            stored = here.stored
            for file in {MANY, SMALL} - {file for file in (MANY, SMALL) if file.name in failed}:
                early.extend(name for name in file.ids if name not in stored)
            if not failed:
                return
            hold.wait(0.02)
        early.append("never done")

    hold = threading.Event()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert early == []
    for file in (MANY, SMALL):
        here.check_complete(file)
        assert not here.twice(file)


def sqs(*files: CaptureFile) -> dict[str, Any]:
    records = [
        {"messageId": file.name, "eventSource": "aws:sqs", "body": file.message} for file in files
    ]
    return {"Records": records}


def test_an_invocation_that_lost_its_lease_publishes_nothing_more(world: Make) -> None:
    here = world(MANY, FORWARDER_REQUESTS_IN_FLIGHT="1")
    hold = Slow(then=Status(503))
    here.server.fail_when(Trouble(MANY, "middle", 1), hold)
    first, second = (build_forwarder(load()) for _ in range(2))
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(first.handle(sqs(MANY), owner="one")))
    thread.start()
    assert here.server.wait_for_publishes(3)

    here.clock.skip(3600)  # the first one is stuck for longer than its lease
    assert second.handle(sqs(MANY), owner="two") == {"batchItemFailures": []}
    sent = len(here.server.publish_requests)
    hold.release.set()
    thread.join()

    assert answers == [{"batchItemFailures": [{"itemIdentifier": MANY.name}]}]
    assert len(here.server.publish_requests) == sent
    here.check_complete(MANY)
    assert not here.twice(MANY)


@pytest.mark.parametrize("door", [False, True])
def test_a_dead_platform_is_tried_for_one_file_and_not_for_the_others(
    door: bool, world: Make
) -> None:
    files = [CaptureFile(f"file-{n}", calls=10) for n in range(10)]
    here = world(*files, CaptureFile("warm", calls=1), door=door)
    assert here.invoke({"warm": here.files[CaptureFile("warm").key].message}) == set()
    warm = len(here.server.requests)
    if door:
        here.door.close()
    here.server.fail_when(lambda request: bool(request.publish_number), Status(503))

    failed = here.invoke({file.name: file.message for file in files})

    assert failed == {file.name for file in files}
    asked = here.server.requests[warm:]
    assert all(files[0].batch_of(request) == 0 for request in asked)
    # Ten seconds of trying, the waits growing from half a second with jitter.
    assert len(here.clock.sleeps) < 60
    here.server.faults.clear()
    if door:
        here.door.open()
    here.deliver(*files)
    for file in files:
        here.check_complete(file)
        assert not here.twice(file)


@pytest.mark.parametrize("file", [MANY, ZIPPED], ids=lambda file: file.name)
def test_a_file_that_takes_longer_than_an_invocation_is_handed_on(
    file: CaptureFile, world: Make
) -> None:
    here = world(file, FORWARDER_REQUESTS_IN_FLIGHT="1")
    here.context = Context(5.0)

    def take_a_second(request: Request) -> bool:
        if request.publish_number:
            here.clock.skip(1.0)
        return False

    here.server.fail_when(take_a_second, Status(500))

    here.deliver()

    assert here.continued >= 1
    assert not any(here.rounds)
    here.check_complete(file)
    assert not here.twice(file)


def test_a_queue_that_takes_no_continuation_fails_the_message(world: Make) -> None:
    here = world(MANY, FORWARDER_REQUESTS_IN_FLIGHT="1")
    here.context = Context(5.0)
    here.sqs.delete_queue(QueueUrl=here.queue)

    def take_a_second(request: Request) -> bool:
        if request.publish_number:
            here.clock.skip(1.0)
        return False

    here.server.fail_when(take_a_second, Status(500))
    rounds = 0
    while here.invoke({MANY.name: MANY.message}):
        rounds += 1
        assert rounds < 12

    assert rounds >= 1
    here.check_complete(MANY)
    assert not here.twice(MANY)
