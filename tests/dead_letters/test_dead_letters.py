"""Dead letters as a function uses them: looked at and sent back without a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import QueueError, UnknownEventError, UsageError
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports.operator import QueueMessage
from capture_forwarder.dead_letters.letters import look
from capture_forwarder.dead_letters.redrive import DeadLetterRedrive
from capture_forwarder.triggers import write_list_request
from capture_forwarder.wiring.dead_letters import announced_files, build_redrive, open_queue
from tests.support.fresh_process import run

EVENT = {"s3": {"bucket": {"name": "captured"}, "object": {"key": "a+b.jsonl"}}}
BODY = json.dumps({"Records": [{"eventName": "ObjectCreated:Put"} | EVENT]})


class MemoryQueue:
    """Messages in memory; received ones are hidden until they are given back."""

    def __init__(self, *bodies: str) -> None:
        self.messages = {str(number): body for number, body in enumerate(bodies)}
        self.hidden: set[str] = set()
        self.sent: list[str] = []
        self.fail_at: int | None = None
        self.may_delete = True

    def count(self) -> int:
        return len(self.messages)

    def receive(self, most: int) -> list[QueueMessage]:
        free = [name for name in self.messages if name not in self.hidden][: min(most, 10)]
        self.hidden |= set(free)
        return [QueueMessage(name, name, self.messages[name], 1_000, 3, {}) for name in free]

    def give_back(self, messages: Sequence[QueueMessage]) -> None:
        self.hidden -= {message.id for message in messages}

    def send(self, message: QueueMessage) -> str:
        if self.fail_at == len(self.sent):
            raise QueueError("The queue is full.")
        self.sent.append(message.body)
        return f"sent-{len(self.sent)}"

    def delete(self, message: QueueMessage) -> None:
        if not self.may_delete:
            raise QueueError("No right to delete.")
        del self.messages[message.id]


def moved(queue: MemoryQueue, target: MemoryQueue, limit: int | None = None) -> DeadLetterRedrive:
    work = DeadLetterRedrive(queue, target, limit)
    for _ in work.run():
        pass
    return work


def test_a_letter_says_what_it_announces_or_why_the_function_cannot_read_it() -> None:
    listing = write_list_request(ListRequest("b-1", ("s3://captured/",)))
    queue = MemoryQueue(BODY, "no json", '{"Event": "s3:TestEvent"}', listing)

    good, broken, test, step = look(queue, None, announced_files)

    assert good.capture_files == (CaptureFile("captured", "a b.jsonl"),)
    assert (good.sent, good.receives) == (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 3)
    assert "not JSON" in (broken.problem or "")
    assert (test.capture_files, test.backfill, test.problem) == ((), None, None)
    assert (step.capture_files, step.backfill, step.problem) == ((), "b-1", None)
    assert queue.hidden == set()


def test_who_stops_looking_gives_the_messages_back() -> None:
    queue = MemoryQueue(*[BODY] * 25)

    with closing(look(queue, None, announced_files)) as letters:
        next(letters)

    assert queue.hidden == set()


def test_no_more_are_looked_at_than_asked_for() -> None:
    queue = MemoryQueue(*[BODY] * 25)

    assert len(list(look(queue, 12, announced_files))) == 12


@given(
    st.integers(0, 30),
    st.none() | st.integers(1, 30),
    st.none() | st.integers(0, 30),
    st.booleans(),
)
def test_a_message_is_always_in_one_of_the_queues(
    count: int, limit: int | None, fail_at: int | None, may_delete: bool
) -> None:
    bodies = [str(number) for number in range(count)]
    queue, target = MemoryQueue(*bodies), MemoryQueue()
    target.fail_at, queue.may_delete = fail_at, may_delete

    done = moved(queue, target, limit).moved

    assert set(target.sent) | set(queue.messages.values()) == set(bodies)
    assert len(target.sent) == done.sent == len(set(target.sent))
    assert len(set(target.sent) & set(queue.messages.values())) == done.undeleted
    assert done.sent <= (count if limit is None else limit)
    assert queue.hidden & set(queue.messages) == set()
    stopped = done.sent < min(count, count if limit is None else limit) or done.undeleted > 0
    assert (done.error is not None) is stopped


def test_a_message_that_fails_again_meanwhile_is_not_sent_in_circles() -> None:
    queue, target = MemoryQueue(BODY), MemoryQueue()
    work = DeadLetterRedrive(queue, target)

    for _ in work.run():
        queue.messages["sent-1"] = BODY  # it has failed once more

    assert (work.moved.sent, work.moved.came_back) == (1, 1)
    assert list(queue.messages) == ["sent-1"]


def test_a_queue_is_never_sent_to_itself() -> None:
    with pytest.raises(UsageError, match="both the dead-letter queue and the queue to send to"):
        build_redrive("https://x.test/1/a", "https://x.test/1/a/")


def test_what_is_not_the_address_of_a_queue_is_refused() -> None:
    with pytest.raises(UsageError, match="dead is not the address of a queue"):
        open_queue("dead")


def test_an_unreadable_body_quotes_nothing_of_what_it_holds() -> None:
    with pytest.raises(UnknownEventError) as raised:
        announced_files('{"secret": "Jane Doe"}')

    assert "Jane Doe" not in str(raised.value)


def test_nothing_of_a_terminal_is_imported() -> None:
    printed = run(
        "import sys, capture_forwarder.wiring.dead_letters\n"
        "print({'typer', 'rich', 'boto3', 'capture_forwarder.cli'} & set(sys.modules))"
    )
    assert printed == ["set()"]
