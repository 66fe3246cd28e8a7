"""`capture-forwarder dead-letters`: what it shows, and that no message is ever lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.aws import queues
from capture_forwarder.aws.queues import SqsQueue
from capture_forwarder.cli.app import app
from capture_forwarder.core.errors import QueueError
from capture_forwarder.core.listing import ListRequest
from capture_forwarder.core.ports.operator import QueueMessage
from capture_forwarder.triggers import write_list_request

KEY = "captures/endpoint/variant/2026/03/01/10/20-30-123-a.jsonl"


@pytest.fixture(autouse=True)
def clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(queues, "_WAIT_SECONDS", 0)
    with mock_aws():
        yield


@pytest.fixture
def dead() -> str:
    return make_queue("dead")


@pytest.fixture
def live() -> str:
    return make_queue("live")


def make_queue(name: str, **attributes: Any) -> str:
    sqs: Any = boto3.client("sqs")
    return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["dead-letters", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def document(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    result = run(*arguments, "--json", exit_code=exit_code)
    (found,) = [json.loads(text) for text in result.stdout.splitlines()]
    return dict(found)


def announcement(*keys: str) -> str:
    records = [
        {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "captured"}, "object": {"key": key, "versionId": "v7"}},
        }
        for key in keys
    ]
    return json.dumps({"Records": records})


def send(url: str, *bodies: str, **more: Any) -> list[str]:
    sqs = boto3.client("sqs")
    return [
        sqs.send_message(QueueUrl=url, MessageBody=body, **more)["MessageId"] for body in bodies
    ]


def bodies(url: str) -> list[str]:
    """Every message that can be received now; they stay."""
    sqs = boto3.client("sqs")
    found: dict[str, str] = {}
    while True:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)
        if not (messages := answer.get("Messages", [])):
            break
        found |= {message["ReceiptHandle"]: message["Body"] for message in messages}
    for receipt in found:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return sorted(found.values())


@pytest.mark.parametrize("name", ["list", "redrive"])
def test_help_shows_an_example(name: str) -> None:
    assert f"capture-forwarder dead-letters {name}" in run(name, "--help").stdout


def test_list_shows_what_each_message_announces(dead: str) -> None:
    send(dead, announcement(KEY, "a+b.jsonl"), '{"hello": 1}', "no json")

    shown = run("list", dead)
    found = document("list", dead)

    assert f"s3://captured/{KEY} (version v7)" in shown.stdout
    assert "s3://captured/a b.jsonl (version v7)" in shown.stdout
    assert "3 of about 3 messages" in shown.stdout
    assert "an object with the keys hello" in shown.stdout
    assert "Unreadable: 2 messages" in shown.stderr
    assert found["approximate_messages"] == 3
    good, strange, broken = found["messages"]
    assert good["objects"][0] == {"bucket": "captured", "key": KEY, "version_id": "v7"}
    assert (good["problem"], len(good["objects"])) == (None, 2)
    assert good["sent"].startswith("20")
    assert good["receives"] >= 1
    assert strange["problem"]
    assert "not JSON" in broken["problem"]


def test_list_names_the_backfill_that_a_message_is_a_step_of(dead: str) -> None:
    send(dead, write_list_request(ListRequest("b-1", ("s3://captured/",))))

    assert "a step of backfill b-1" in run("list", dead).stdout
    (found,) = document("list", dead)["messages"]
    assert (found["backfill"], found["objects"], found["problem"]) == ("b-1", [], None)


def test_list_leaves_the_messages_for_the_next_reader(dead: str) -> None:
    sent = [announcement(f"{n:02}.jsonl") for n in range(25)]
    send(dead, *sent)

    assert len(document("list", dead)["messages"]) == 25
    assert bodies(dead) == sent
    assert len(document("list", dead)["messages"]) == 25


def test_list_shows_as_many_as_it_is_told(dead: str) -> None:
    send(dead, *(announcement(f"{n}.jsonl") for n in range(25)))

    found = document("list", dead, "--limit", "12")

    assert len(found["messages"]) == 12
    assert found["approximate_messages"] == 25
    assert "3 of about 25 messages" in run("list", dead, "--limit", "3").stdout


def test_an_empty_queue_is_told_of(dead: str, live: str) -> None:
    assert "holds no messages" in run("list", dead).stdout
    assert "Sent 0 messages to" in run("redrive", dead, "--to", live).stdout


def test_redrive_sends_bodies_and_attributes_as_they_are(dead: str, live: str) -> None:
    attribute = {"DataType": "String.custom", "StringValue": "a value"}
    data = {"DataType": "Binary", "BinaryValue": b"\x00\xff"}
    send(dead, announcement(KEY), MessageAttributes={"text": attribute, "data": data})

    done = run("redrive", dead, "--to", live)

    assert f"Sent 1 message to {live}" in done.stdout
    (message,) = boto3.client("sqs").receive_message(QueueUrl=live, MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert message["Body"] == announcement(KEY)
    assert message["MessageAttributes"] == {"text": attribute, "data": data}
    assert bodies(dead) == []


def test_redrive_empties_a_queue_with_many_messages(dead: str, live: str) -> None:
    sent = [announcement(f"{n:03}.jsonl") for n in range(45)] + ["no json"]
    send(dead, *sent)

    done = document("redrive", dead, "--to", live)

    assert (done["sent"], done["undeleted"], done["error"]) == (46, 0, None)
    assert bodies(live) == sorted(sent)
    assert bodies(dead) == []


def test_redrive_sends_no_more_than_it_is_told(dead: str, live: str) -> None:
    send(dead, *(announcement(f"{n:03}.jsonl") for n in range(25)))

    assert document("redrive", dead, "--to", live, "--limit", "12")["sent"] == 12

    assert (len(bodies(live)), len(bodies(dead))) == (12, 13)


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(dead: str, live: str) -> None:
    send(dead, announcement(KEY), "no json")

    shown = run("redrive", dead, "--to", live, "--dry-run")
    found = document("redrive", dead, "--to", live, "--dry-run", "--limit", "1")

    assert KEY in shown.stdout
    assert f"would send 2 messages to {live}" in shown.stdout
    assert "Unreadable: 1 message" in shown.stderr
    assert (found["dry_run"], found["to"], len(found["messages"])) == (True, live, 1)
    assert bodies(live) == []
    assert len(bodies(dead)) == 2


def test_a_message_that_the_queue_does_not_take_stays(
    dead: str, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [announcement(f"{n:03}.jsonl") for n in range(25)]
    send(dead, *sent)
    taken = 0
    take = SqsQueue.send

    def fail_in_the_middle(self: SqsQueue, message: QueueMessage) -> str:
        nonlocal taken
        taken += 1
        if taken == 15:
            raise QueueError("The queue is full.", "Wait a little.")
        return take(self, message)

    monkeypatch.setattr(SqsQueue, "send", fail_in_the_middle)
    result = run("redrive", dead, "--to", live, exit_code=1)

    assert "Sent 14 messages to" in result.stdout
    assert "The queue is full" in result.stderr
    assert len(bodies(live)) == 14
    assert sorted(bodies(live) + bodies(dead)) == sent

    assert document("redrive", dead, "--to", live)["sent"] == 11
    assert bodies(live) == sent
    assert bodies(dead) == []


def test_a_message_that_was_sent_but_not_deleted_is_there_twice_and_told_of(
    dead: str, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(dead, announcement(KEY), announcement("other.jsonl"))

    def fail(*_: object) -> None:
        raise QueueError("No right to delete.")

    monkeypatch.setattr(SqsQueue, "delete", fail)
    result = run("redrive", dead, "--to", live, exit_code=1)

    assert "Of these, 1 message could not be deleted and may be sent again" in result.stderr
    assert len(bodies(live)) == 1
    assert len(bodies(dead)) == 2


def test_a_message_that_fails_again_meanwhile_is_not_sent_in_circles(
    dead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 1}
    live = make_queue("live", RedrivePolicy=json.dumps(policy))
    send(dead, *(announcement(f"{n:03}.jsonl") for n in range(15)))
    take = SqsQueue.send

    def fail_at_once(self: SqsQueue, message: QueueMessage) -> str:
        name = take(self, message)
        for _ in range(2):  # the second receive is one too many
            boto3.client("sqs").receive_message(
                QueueUrl=live, MaxNumberOfMessages=10, VisibilityTimeout=0
            )
        return name

    monkeypatch.setattr(SqsQueue, "send", fail_at_once)
    result = run("redrive", dead, "--to", live)

    assert "Sent 15 messages to" in result.stdout
    assert "Failed again in the meantime: " in result.stderr
    assert len(bodies(live) + bodies(dead)) == 15


def test_messages_go_back_to_a_fifo_queue_too() -> None:
    dead, live = (make_queue(f"{name}.fifo", FifoQueue="true") for name in ("dead", "live"))
    more = {"MessageGroupId": "one", "MessageDeduplicationId": "first"}
    send(dead, announcement(KEY), **more)

    assert document("redrive", dead, "--to", live)["sent"] == 1

    (message,) = boto3.client("sqs").receive_message(
        QueueUrl=live, MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "one"
    assert bodies(dead) == []


@pytest.mark.parametrize("group", [None, "backfill"])
def test_a_message_of_a_backfill_stays_one(dead: str, live: str, group: str | None) -> None:
    send(dead, announcement(KEY), **({} if group is None else {"MessageGroupId": group}))

    assert document("redrive", dead, "--to", live)["sent"] == 1

    (message,) = boto3.client("sqs").receive_message(
        QueueUrl=live, MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert message["Attributes"].get("MessageGroupId") == group


def test_the_queue_is_looked_for_in_the_region_of_its_address() -> None:
    far = boto3.client("sqs", region_name="eu-central-1")
    url = far.create_queue(QueueName="far")["QueueUrl"]
    far.send_message(QueueUrl=url, MessageBody=announcement(KEY))

    assert "sqs.eu-central-1" in url or "eu-central-1.queue" in url
    assert len(document("list", url)["messages"]) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "dead"), "is not the address of a queue"),
        (
            ("redrive", "https://sqs.us-east-1.amazonaws.com/1/a", "--to", "live"),
            "is not the address",
        ),
        (
            ("redrive", "https://x.test/1/a", "--to", "https://x.test/1/a/"),
            "both the dead-letter queue and",
        ),
        (("redrive", "https://x.test/1/a"), "--to"),
        (("list", "https://x.test/1/a", "--limit", "0"), "--limit"),
    ],
)
def test_wrong_usage_is_explained_and_ends_with_two(arguments: tuple[str, ...], told: str) -> None:
    result = run(*arguments, exit_code=2)

    assert told in result.stderr
    assert result.stdout == ""


def test_a_queue_that_is_not_there_is_an_error_and_costs_no_message(dead: str) -> None:
    send(dead, announcement(KEY))
    nowhere = dead.replace("dead", "nowhere")

    assert "NonExistentQueue" in run("list", nowhere, exit_code=1).stderr
    assert "NonExistentQueue" in run("redrive", nowhere, "--to", dead, exit_code=1).stderr
    run("redrive", dead, "--to", nowhere, "--dry-run", exit_code=1)
    assert "NonExistentQueue" in run("redrive", dead, "--to", nowhere, exit_code=1).stderr
    assert bodies(dead) == [announcement(KEY)]
