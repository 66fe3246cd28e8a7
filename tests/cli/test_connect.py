"""`capture-forwarder connect bucket`, against moto: what it shows, changes, refuses and undoes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from capture_forwarder.cli.app import app
from tests.support.aws_answers import AwsAnswers
from tests.support.moto_gaps import Notifications, bucket_notifications

OWNER = "123456789012"
FILTER = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "ü & <b> /"}]}}


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Notifications]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    with mock_aws(), bucket_notifications() as notifications:
        boto3.client("s3").create_bucket(Bucket="captures")
        yield notifications


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["connect", "bucket", *arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def document(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    return dict(json.loads(run(*arguments, "--json", exit_code=exit_code).stdout))


def others() -> dict[str, Any]:
    """Give the bucket notifications to a topic, a queue and a function, and return them."""
    topic = boto3.client("sns").create_topic(Name="theirs")["TopicArn"]
    sqs: Any = boto3.client("sqs")
    url = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    found: Any = {
        "TopicConfigurations": [
            {"Id": "t", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"], "Filter": FILTER}
        ],
        "QueueConfigurations": [
            {
                "Id": "q",
                "QueueArn": queue["QueueArn"],
                "Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"],
            }
        ],
    }
    write(found)
    return dict(found)


def write(configuration: Any) -> None:
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket="captures", NotificationConfiguration=configuration, SkipDestinationValidation=True
    )


def now() -> dict[str, Any]:
    answer: Any = boto3.client("s3").get_bucket_notification_configuration(Bucket="captures")
    answer.pop("ResponseMetadata")
    return dict(answer)


def undo_files() -> list[Path]:
    return sorted(Path().glob("capture-forwarder-undo-captures-*.json"))


def test_without_apply_it_only_shows_what_would_change(kept: Notifications) -> None:
    before = others()
    kept.writes.clear()

    shown = run("captures")

    assert "off → on" in shown.stdout
    assert "stays: Topic arn:aws:sns:us-east-1:123456789012:theirs (t)" in shown.stdout
    assert "Add --apply" in shown.stdout
    assert (now(), kept.writes, undo_files()) == (before, [], [])


def test_it_turns_event_bridge_on_and_keeps_all_others_and_can_be_undone() -> None:
    before = others()

    done = document("captures", "--apply")

    assert now() == {**before, "EventBridgeConfiguration": {}}
    assert (done["applied"], done["differences"], len(done["kept"])) == (True, [], 2)
    (undo,) = undo_files()
    assert done["undo"] == str(undo)

    shown = run("--undo", str(undo), "--apply")

    assert "on → off" in shown.stdout
    assert now() == before


def test_a_second_time_there_is_nothing_to_do(kept: Notifications) -> None:
    run("captures", "--apply")
    kept.writes.clear()

    shown = run("captures", "--apply")

    assert "are on already" in shown.stdout
    assert kept.writes == []
    assert len(undo_files()) == 1


def test_it_asks_s3_to_try_no_destination_and_names_the_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws = AwsAnswers(monkeypatch)

    run("captures", "--apply")

    (put,) = aws.of("PutBucketNotificationConfiguration")
    assert put["SkipDestinationValidation"] is True
    reads = aws.of("GetBucketNotificationConfiguration")
    assert [one["ExpectedBucketOwner"] for one in (put, *reads)] == [OWNER] * 4


def test_a_change_between_reading_and_writing_stops_it(kept: Notifications) -> None:
    before = others()

    def other_program(reads: int) -> None:
        if reads == 1:
            write({"QueueConfigurations": before["QueueConfigurations"]})

    kept.before_read = other_program
    shown = run("captures", "--apply", exit_code=1)

    assert "Topic arn:aws:sns:us-east-1:123456789012:theirs (t) is gone" in shown.stderr
    assert "Nothing was changed." in shown.stderr
    kept.before_read = lambda _: None
    assert now() == {"QueueConfigurations": before["QueueConfigurations"]}


def test_a_change_right_after_writing_is_told(kept: Notifications) -> None:
    before = others()

    def other_program(reads: int) -> None:
        if reads == 2:
            write(before)

    kept.before_read = other_program
    done = document("captures", "--apply", exit_code=1)

    assert done["differences"] == ["EventBridge is gone"]


def test_a_bucket_of_a_stack_is_refused(kept: Notifications) -> None:
    tag: Any = {"TagSet": [{"Key": "aws:cloudformation:stack-name", "Value": "lake"}]}
    bucket_tags(kept, tag)

    shown = run("captures", "--apply", exit_code=2)
    assert "managed by the CloudFormation stack lake" in shown.stderr
    assert "EventBridgeEnabled" in shown.stderr
    assert kept.writes == []

    run("captures", "--apply", "--anyway")
    assert now() == {"EventBridgeConfiguration": {}}


def bucket_tags(kept: Notifications, tag: Any) -> None:
    """Tag the bucket as CloudFormation does; others may not write such a tag."""
    from moto.s3.models import s3_backends  # noqa: PLC0415

    del kept
    backend = s3_backends[OWNER]["aws"]
    bucket = backend.get_bucket("captures")
    backend.tagger.tag_resource(bucket.arn, tag["TagSet"])


def test_a_missing_right_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    AwsAnswers(monkeypatch).refuse("PutBucketNotificationConfiguration")

    shown = run("captures", "--apply", exit_code=1)

    assert "Allow s3:PutBucketNotification." in shown.stderr
    assert now() == {}


def test_an_undo_file_that_is_there_is_not_overwritten() -> None:
    Path("mine.json").write_text("precious")

    shown = run("captures", "--apply", "--undo-file", "mine.json", exit_code=2)

    assert "is there already" in shown.stderr
    assert Path("mine.json").read_text() == "precious"
    assert now() == {}


@pytest.mark.parametrize("arguments", [(), ("captures", "--undo", "x.json"), ("--undo", "x.json")])
def test_wrong_usage_is_refused(arguments: tuple[str, ...]) -> None:
    assert "Error: " in run(*arguments, exit_code=2).stderr


def test_a_bucket_that_is_not_there_is_an_error() -> None:
    assert "NoSuchBucket" in run("nothing", exit_code=1).stderr


def test_an_unknown_profile_and_a_missing_region_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "no AWS profile 'nobody'" in run("captures", "--profile", "nobody", exit_code=2).stderr
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    assert "No AWS region" in run("captures", exit_code=2).stderr
