"""`capture-forwarder backfill`: against a deployment on moto, and through the handler itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.s3.models import s3_backends
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.aws_answers import Parameters, refused
from tests.support.deployed import CAPTURES
from tests.support.working_deployment import ENDPOINT, FOLDER, LINE, WorkingDeployment

DAY = datetime(2026, 3, 1, tzinfo=UTC)
ALL = ("--until", "2026-03-03")


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WorkingDeployment]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    with ExitStack() as stack:
        made = WorkingDeployment(stack, monkeypatch)
        # moto would hand the messages to a function that does nothing with them.
        boto3.client("lambda").update_event_source_mapping(
            UUID=made.resources["ForwarderFunctionCaptures"], Enabled=False
        )
        # These files came before the bucket announced any.
        made.announce({})
        boto3.client("sqs").purge_queue(QueueUrl=made.resources["CaptureQueue"])
        for hour in (9, 10, 34):
            made.put(DAY + timedelta(hours=hour))
        made.put(DAY, folder="datacapture/other/AllTraffic")
        yield made


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["backfill", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def document(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    return dict(json.loads(run(*arguments, "--json", exit_code=exit_code).stdout))


def messages(working: WorkingDeployment) -> list[dict[str, Any]]:
    """Take all messages out of the function's queue."""
    sqs: Any = boto3.client("sqs")
    url = working.resources["CaptureQueue"]
    found = []
    while some := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        for one in some:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        found += some
    return found


def announced(working: WorkingDeployment) -> list[str]:
    return sorted(
        json.loads(one["Body"])["Records"][0]["s3"]["object"]["key"] for one in messages(working)
    )


def test_without_apply_it_counts_and_sends_nothing(working: WorkingDeployment) -> None:
    shown = run(*ALL).stdout

    text = " ".join(shown.split())
    assert "churn 2026-03-01 2 " in text
    assert "churn 2026-03-02 1 " in text
    assert "other 2026-03-01 1 " in text
    assert "all 4 " in text
    assert "forwarding about less than a cent" in text
    assert "Add --apply" in text
    assert messages(working) == []
    assert not list(Path().iterdir())


def test_it_announces_the_files_as_s3_does_in_a_group_of_their_own(
    working: WorkingDeployment,
) -> None:
    done = document(*ALL, "--apply")

    assert (done["files"], done["sent"], done["done"], done["applied"]) == (4, 4, True, True)
    assert done["bytes"] == 4 * len(LINE)
    found = messages(working)
    assert {one["Attributes"]["MessageGroupId"] for one in found} == {"backfill"}
    (record,) = json.loads(found[0]["Body"])["Records"]
    assert record["s3"]["bucket"]["name"] == CAPTURES


def test_the_function_forwards_what_it_announces(working: WorkingDeployment) -> None:
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="rows")
    odd = working.put(DAY, folder="datacapture/a b+c%20/AllTraffic")
    run("--until", "2026-03-03", "--apply")

    records = [
        {
            "eventSource": "aws:sqs",
            "messageId": one["MessageId"],
            "body": one["Body"],
            "attributes": one["Attributes"],
        }
        for one in messages(working)
    ]
    answer = working.invoke({"Records": records})

    assert answer == {"batchItemFailures": []}
    rows = s3.list_objects_v2(Bucket="rows")["Contents"]
    assert len(rows) == len(records) == 5
    assert odd


def taken(parameters: Parameters) -> Any:
    """Answer as SQS does when it takes every message."""
    entries = parameters["Entries"]
    return {"Successful": [{"Id": one["Id"], "MessageId": one["Id"]} for one in entries]}


def test_more_than_a_page_of_files_is_sent_whole(working: WorkingDeployment) -> None:
    for number in range(1_013):
        key = f"datacapture/many/AllTraffic/2026/03/01/10/{number:04}.jsonl"
        # Without a request for each, which would take seconds.
        s3_backends["123456789012"]["aws"].put_object(CAPTURES, key, b"{}")

    # moto takes seconds to take so many, and minutes to hand them out.
    working.aws.answer("SendMessageBatch", taken)

    done = document(*ALL, "--endpoint", "many", "--apply")

    assert (done["files"], done["sent"]) == (1_013, 1_013)
    asked = [entry for one in working.aws.of("SendMessageBatch") for entry in one["Entries"]]
    assert len({entry["MessageBody"] for entry in asked}) == len(asked) == 1_013


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--endpoint", "churn"], 3),
        (["--variant", "nobody"], 0),
        (["--since", "2026-03-01T10"], 2),
        (["--since", "2026-03-01T12:30+02:00", "--endpoint", "churn"], 2),
        (["--route", "captures"], 4),
    ],
)
def test_options_choose_the_files(
    working: WorkingDeployment, options: list[str], count: int
) -> None:
    assert document(*ALL, *options)["files"] == count
    assert working.keys


def test_a_route_is_named_in_the_message(working: WorkingDeployment) -> None:
    run(*ALL, "--route", "captures", "--apply")

    told = [json.loads(one["Body"])["captureForwarder"] for one in messages(working)]
    assert told == [{"hops": 0, "routes": ["captures"]}] * 4


def test_a_route_that_is_not_there_is_wrong_usage(working: WorkingDeployment) -> None:
    shown = run(*ALL, "--route", "nobody", exit_code=2)

    assert "There is no route nobody" in shown.stderr
    assert "captures" in shown.stderr
    assert working.keys


def test_without_until_files_of_before_the_stack_are_sent(working: WorkingDeployment) -> None:
    # Those of this hour may have been announced, or not; the ledger knows.
    assert document()["files"] == 4 + len(working.keys)
    late = datetime.now(UTC) + timedelta(hours=2)
    working.put(late)

    assert document()["files"] == 4 + len(working.keys)


def test_broken_off_it_goes_on_where_it_stopped(working: WorkingDeployment) -> None:
    sent: list[int] = []

    def broken(parameters: Any) -> Any:
        sent.append(len(parameters["Entries"]))
        return NotImplemented if len(sent) == 1 else refused("SendMessageBatch", "AccessDenied")

    working.aws.answer("SendMessageBatch", broken)
    shown = run(*ALL, "--apply", exit_code=1)
    assert "Allow sqs:SendMessage." in shown.stderr
    first = announced(working)
    assert len(first) == 3
    working.aws.answer("SendMessageBatch", lambda _: NotImplemented)

    assert "3 were sent by an earlier run" in run(*ALL).stdout
    assert document(*ALL, "--apply")["sent"] == 4

    assert announced(working) == ["datacapture/other/AllTraffic/2026/03/01/00/00-00-123-a.jsonl"]
    assert "is done: capture-forwarder-backfill.json says so" in run(*ALL, exit_code=2).stderr


def test_other_options_do_not_go_on_with_it(working: WorkingDeployment) -> None:
    run(*ALL, "--apply")

    shown = run(*ALL, "--endpoint", ENDPOINT, exit_code=2)

    assert "with another endpoint" in shown.stderr
    assert document(*ALL, "--endpoint", ENDPOINT, "--progress", "other.json")["files"] == 3
    assert working.keys


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "yesterday"), "--since yesterday is not a time"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), "No hour is since"),
        (("--stack", "nothing"), "There is no stack nothing"),
    ],
)
def test_wrong_usage_is_refused(
    working: WorkingDeployment, options: tuple[str, ...], words: str
) -> None:
    assert words in run(*options, exit_code=2).stderr
    assert working.keys


def test_a_progress_that_cannot_be_kept_stops_it(working: WorkingDeployment) -> None:
    Path("folder").mkdir()

    shown = run(*ALL, "--progress", "folder", "--apply", exit_code=2)

    assert "folder cannot be read" in shown.stderr
    assert messages(working) == []


def test_nothing_to_send_is_said(working: WorkingDeployment) -> None:
    assert "There is nothing to send." in run("--until", "2020-01-01", "--apply").stdout
    assert FOLDER
    assert messages(working) == []
