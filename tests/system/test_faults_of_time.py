"""The real handler when files are announced twice, worked on at once, or take too long."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from capture_forwarder.settings import load
from capture_forwarder.wiring.forwarder import build_forwarder
from tests.support.fault_matrix.capture_file import CaptureFile
from tests.support.fault_matrix.clock import Context
from tests.support.fault_matrix.troubles import MANY, SMALL, ZIPPED, Trouble
from tests.support.fault_matrix.world import Make
from tests.support.platforms.faults import Slow, Status
from tests.support.platforms.server import Request


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
    here.server.fail_when(Trouble(here, MANY, "first", 1), hold)
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
    here.server.fail_when(Trouble(here, MANY, "middle", 1), hold)
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
