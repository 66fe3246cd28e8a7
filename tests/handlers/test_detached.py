"""Twenty thousand earlier files go through the handler while live ones come."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest
from moto import mock_aws
from moto.s3.models import s3_backends

from capture_forwarder.aws.operator.backfills import DynamoDbBackfills
from capture_forwarder.aws.operator.calls import AwsCalls
from capture_forwarder.backfill.beginning import first_request, state_of, stop
from capture_forwarder.backfill.selection import Place, Selection
from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.capture_folders import hour_path
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.handlers.forwarder import forwarder, lambda_handler
from capture_forwarder.local.clock import SystemClock
from capture_forwarder.triggers import write_continuation, write_list_request
from tests.support.aws_answers import AwsAnswers, refused
from tests.support.fair_queue import FairQueue, Message
from tests.support.working_deployment import LINE

FILES = 20_000
WAITING = 8_000
DAY = datetime(2026, 3, 1, tzinfo=UTC)
PLACE = Place("captures", "datacapture/")


class Context:
    """What Lambda tells of an invocation."""

    def __init__(self, number: int, seconds: float) -> None:
        self.aws_request_id = f"invocation-{number}"
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


class Function:
    """The handler behind a queue, and what it was handed."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.invocations = 0

    def invoke(self, messages: list[Message], seconds: float = 600.0) -> list[Message]:
        """Hand messages to it; what it does not acknowledge goes back, and is returned."""
        self.invocations += 1
        event: Any = {"Records": [one.record() for one in messages]}
        answer: Any = lambda_handler(event, Context(self.invocations, seconds))
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        back = [one for one in messages if one.id in failed]
        for one in back:
            self.queue.back(one)
        return back


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[AwsAnswers]:
    caplog.set_level(logging.INFO)
    with mock_aws():
        for bucket in ("captures", "rows"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for name, value in {
            "FORWARDER_PUBLISHER": "files",
            "FORWARDER_FILES": "s3://rows/out",
            "FORWARDER_INPUT_COLUMNS": "age,income",
            "FORWARDER_OUTPUT_COLUMNS": "score",
            "FORWARDER_LEDGER": "dynamodb://ledger",
            "FORWARDER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/captures",
            "FORWARDER_CAPTURE_BUCKETS": "captures",
            "FORWARDER_CAPTURE_PREFIX": "datacapture/",
        }.items():
            monkeypatch.setenv(name, value)
        forwarder.cache_clear()
        yield AwsAnswers(monkeypatch)
        forwarder.cache_clear()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for real between two tries."""
    monkeypatch.setattr(SystemClock, "sleep", lambda *_: None)


def put(*keys: str) -> None:
    """Write capture files, faster than by a request each."""
    backend = s3_backends["123456789012"]["aws"]
    for key in keys:
        backend.put_object("captures", key, LINE.encode())


def history(count: int) -> list[str]:
    """Keys of two variants over some hours, in order."""
    hours = [hour_path(DAY + timedelta(hours=number)) for number in range(count // 1000 + 1)]
    return [
        f"datacapture/{endpoint}/AllTraffic/{hours[number // 500]}/{number:05}.jsonl"
        for endpoint in ("churn", "fraud+a b")
        for number in range(count // 2)
    ]


def keys_in(messages: list[Message]) -> list[str]:
    return [
        unquote_plus(json.loads(one.body)["Records"][0]["s3"]["object"]["key"]) for one in messages
    ]


def begin(queue: FairQueue, waiting: int = WAITING, **chosen: Any) -> ListRequest:
    request = first_request(Selection((PLACE,), **chosen), waiting, DAY)
    queue.put(write_list_request(request))
    return request


def backfills() -> DynamoDbBackfills:
    return DynamoDbBackfills(AwsCalls(region="us-east-1"), "ledger", SystemClock())


def facts(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    """The fields of each log line with a message."""
    return [vars(one) for one in caplog.records if one.message == message]


@pytest.mark.usefixtures("quick")
def test_twenty_thousand_files_are_announced_while_live_ones_come(
    aws: AwsAnswers, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    found = history(FILES)
    put(*found)
    queue = FairQueue(aws, refuse_every=97)
    function = Function(queue)
    request = begin(queue, until=DAY + timedelta(days=7))
    announced: list[str] = []
    live = 0
    while queue.waiting:
        fresh = f"datacapture/live/AllTraffic/2026/03/09/10/{live:05}.jsonl"
        put(fresh)
        queue.put(write_continuation(CaptureFile("captures", fresh), 0, []))
        live += 1
        batch = queue.take()
        # The live file goes before all that wait, and is forwarded in the same minute.
        assert keys_in([one for one in batch if "Records" in one.body])[0] == fresh
        assert function.invoke(batch) == []
        announced += keys_in([one for one in batch if one.group])
        # Other invocations forward the rest; what they are handed is what counts here.
        announced += keys_in([one for one in queue.take(6_000) if one.group])
        queue.time += 61
        assert queue.most <= WAITING + 2

    assert sorted(announced) == sorted(found)
    assert queue.dead == []
    state = state_of(backfills(), request.id)
    assert (state.sent, state.over) == (FILES, True)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert sum(one.get("FilesAnnounced", [0])[0] for one in metrics) == FILES
    assert [one["sent"] for one in facts(caplog, "backfill is done")] == [FILES]
    assert len(facts(caplog, "backfill goes on")) >= 2
    rows = boto3.client("s3").list_objects_v2(Bucket="rows")["Contents"]
    assert len(rows) >= live


@pytest.mark.usefixtures("quick")
def test_broken_off_and_throttled_it_goes_on_where_it_was(aws: AwsAnswers) -> None:
    found = history(2_600)
    put(*found)
    queue = FairQueue(aws)
    function = Function(queue)
    request = begin(queue, 1_500)
    answers = iter([None, "SlowDown", None, None, "AccessDenied"])

    def listing(_: Any) -> Any:
        code = next(answers, None)
        return refused("ListObjectsV2", code) if code else NotImplemented

    aws.answer("ListObjectsV2", listing)
    announced: list[str] = []
    sent = [0]
    while queue.waiting:
        batch = queue.take(1)
        failed = function.invoke(batch)
        announced += keys_in(queue.take(5_000))
        sent.append(state_of(backfills(), request.id).sent)
        assert failed or sent[-1] > sent[-2] or state_of(backfills(), request.id).over
        queue.time += 400

    assert set(announced) == set(found)
    assert len(announced) < len(found) + 1_500
    assert state_of(backfills(), request.id).sent == len(found)
    assert function.invocations >= 3


def test_the_time_that_an_invocation_has_is_kept_and_the_rest_is_left(
    aws: AwsAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = history(400)
    put(*found)
    queue = FairQueue(aws)
    function = Function(queue)
    request = begin(queue)
    with monkeypatch.context() as slow:  # sending ten messages takes a minute
        slow.setattr(SystemClock, "monotonic", lambda _: monotonic() + 60 * queue.batches)
        function.invoke(queue.take(), seconds=300.0)

    first = keys_in([one for one in queue.waiting if one.group])
    assert first == found[:100]
    state = state_of(backfills(), request.id)
    assert (state.sent, state.over, state.steps) == (100, False, 1)
    (following,) = [one for one in queue.waiting if not one.group]
    assert following.due == 60

    queue.time = 60
    function.invoke([following])
    assert len([one for one in queue.waiting if one.group]) == 400
    assert queue.dead == []


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (("s3://rows/out",), "a place that is not the function's"),
        (("s3://captures/",), "a place that is not the function's"),
    ],
)
def test_a_hostile_request_becomes_a_dead_letter_and_lists_nothing(
    aws: AwsAnswers, caplog: pytest.LogCaptureFixture, places: tuple[str, ...], words: str
) -> None:
    queue = FairQueue(aws)
    function = Function(queue)
    queue.put(write_list_request(ListRequest("hostile", places)))

    while queue.waiting:
        queue.time += 400
        function.invoke(queue.take())

    assert len(queue.dead) == 1
    assert aws.of("ListObjectsV2") == []
    told = facts(caplog, "delivery failed")
    assert len(told) == 5
    assert words in told[0]["problem"]


def test_without_its_own_buckets_a_function_lists_nothing(
    aws: AwsAnswers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("FORWARDER_CAPTURE_BUCKETS")
    queue = FairQueue(aws)
    begin(queue)

    (failed,) = Function(queue).invoke(queue.take())

    assert failed.receives == 1
    (told,) = facts(caplog, "delivery failed")
    assert "FORWARDER_CAPTURE_BUCKETS" in told["problem"]
    assert aws.of("ListObjectsV2") == []


def test_a_stopped_backfill_announces_nothing_more(aws: AwsAnswers) -> None:
    put(*history(400))
    queue = FairQueue(aws)
    function = Function(queue)
    request = begin(queue, 100)
    function.invoke(queue.take())
    queue.take(1_000)

    stop(backfills(), request.id)
    queue.time += 400
    function.invoke(queue.take())

    assert state_of(backfills(), request.id).over
    assert queue.waiting == []


def test_a_backfill_can_be_stopped_before_it_begins(aws: AwsAnswers) -> None:
    put(*history(10))
    queue = FairQueue(aws)
    request = begin(queue)

    stop(backfills(), request.id)
    assert Function(queue).invoke(queue.take()) == []

    assert (queue.waiting, aws.of("ListObjectsV2")) == ([], [])
