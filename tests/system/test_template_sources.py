"""How new files reach the queue, for the sources that template.yaml offers."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from capture_forwarder.publishers.files.formats import JsonArray, JsonLines
from capture_forwarder.publishers.files.parquet import Parquet
from tests.support.template_parameters import BUS, DATA, FIDDLER, LABELS, ROUTES, TOPIC
from tests.support.template_values import Deployment

QUEUES = ["CaptureQueue.Arn", "DeadLetterQueue.Arn"]


def senders(given: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Who may send to the queues from outside, by the statements' names."""
    policy = Deployment(given).resources()["QueuePolicy"]["PolicyDocument"]
    return {one["Sid"]: one for one in policy["Statement"] if one["Effect"] == "Allow"}


def pattern(given: dict[str, str], rule: str = "CaptureRule") -> Any:
    return Deployment(given).resources()[rule]["EventPattern"]


@pytest.mark.parametrize(
    ("source", "made", "sender"),
    [
        ("eventbridge", {"CaptureRule"}, "CaptureRule"),
        (BUS, {"CaptureRule"}, "CaptureRule"),
        (TOPIC, {"CaptureSubscription"}, "CaptureTopic"),
        ("s3", set(), "CaptureBuckets"),
    ],
)
@pytest.mark.parametrize("labels", [False, True])
def test_only_the_source_that_is_chosen_may_send_to_the_queue(
    source: str, made: set[str], sender: str, labels: bool
) -> None:
    given = {**ROUTES, "CaptureSource": source, **(LABELS if labels else {})}
    found = Deployment(given).resources().keys() & {"CaptureRule", "CaptureSubscription"}
    assert found == made
    assert senders(given).keys() == {sender, *(["LabelRule"] if labels else [])}
    assert all(one["Action"] == "sqs:SendMessage" for one in senders(given).values())


@pytest.mark.parametrize("rule", ["CaptureRule", "LabelRule"])
def test_a_rule_may_send_to_both_queues_and_leaves_what_fails_as_a_dead_letter(rule: str) -> None:
    given = ROUTES | LABELS
    sender = senders(given)[rule]
    assert sender["Principal"] == {"Service": "events.amazonaws.com"}
    assert sender["Resource"] == QUEUES
    assert sender["Condition"] == {"ArnEquals": {"aws:SourceArn": f"{rule}.Arn"}}
    (target,) = Deployment(given).resources()[rule]["Targets"]
    assert target["Arn"] == "CaptureQueue.Arn"
    assert target["DeadLetterConfig"] == {"Arn": "DeadLetterQueue.Arn"}


def test_a_rule_takes_files_of_all_buckets_by_prefix_and_end() -> None:
    given = FIDDLER | {"CaptureBucket": "one,two.b", "CapturePrefix": "captures/"}
    assert pattern(given) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": ["one", "two.b"]},
            "object": {"key": [{"wildcard": "captures/*.jsonl"}]},
        },
    }


def test_a_rule_is_on_the_bus_that_is_named() -> None:
    def bus(source: str) -> str | None:
        made = Deployment(FIDDLER | {"CaptureSource": source}).resources()
        name: str | None = made["CaptureRule"].get("EventBusName")
        return name

    assert bus(BUS) == "files-of-others"
    assert bus("eventbridge") is None


def test_a_topic_sends_only_what_the_function_is_for_and_as_it_came() -> None:
    given = FIDDLER | {"CaptureSource": TOPIC, "CaptureBucket": "one,two"}
    subscription = Deployment(given).resources()["CaptureSubscription"]
    assert subscription == {
        "TopicArn": TOPIC,
        "Region": "us-east-1",
        "Protocol": "sqs",
        "Endpoint": "CaptureQueue.Arn",
        "RawMessageDelivery": True,
        "RedrivePolicy": {"deadLetterTargetArn": "DeadLetterQueue.Arn"},
        "FilterPolicyScope": "MessageBody",
        "FilterPolicy": {
            "Records": {
                "s3": {
                    "bucket": {"name": ["one", "two"]},
                    "object": {"key": [{"suffix": ".jsonl"}]},
                }
            }
        },
    }
    sender = senders(given)["CaptureTopic"]
    assert sender["Principal"] == {"Service": "sns.amazonaws.com"}
    assert sender["Resource"] == QUEUES
    assert sender["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC}}
    below = Deployment(given | {"CapturePrefix": "captures/"}).resources()
    key = below["CaptureSubscription"]["FilterPolicy"]["Records"]["s3"]["object"]["key"]
    assert key == [{"prefix": "captures/"}]


def test_buckets_may_send_directly_only_those_that_are_named_and_of_this_account() -> None:
    given = FIDDLER | {"CaptureSource": "s3", "CaptureBucket": "one,two"}
    sender = senders(given)["CaptureBuckets"]
    assert sender["Principal"] == {"Service": "s3.amazonaws.com"}
    assert sender["Resource"] == "CaptureQueue.Arn"
    assert sender["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": ["arn:*:s3:::one", "arn:*:s3:::two"]},
    }


def test_files_of_labels_have_a_rule_of_their_own() -> None:
    assert pattern(ROUTES | LABELS, "LabelRule")["detail"] == {
        "bucket": {"name": ["truth"]},
        "object": {"key": [{"wildcard": "ground-truth/*"}]},
    }
    assert "LabelRule" not in Deployment(ROUTES).resources()


def test_manifests_of_batch_transforms_are_announced_too() -> None:
    given = FIDDLER | {"BatchTransformData": DATA, "CapturePrefix": "captures/"}

    endpoints, transforms = pattern(given)["detail"]["object"]["key"]

    assert endpoints == {"wildcard": "captures/*.jsonl"}
    name = transforms["wildcard"]
    assert fnmatchcase("captures/output/2023/01/21/01/e824d723-e1f2.json", name)
    assert fnmatchcase("captures/churn/output/2023/01/21/01/e824d723-e1f2.json", name)
    assert not fnmatchcase("captures/churn/input/2023/01/21/01/e824d723-e1f2.json", name)


def test_what_the_file_publisher_writes_does_not_come_back() -> None:
    assert pattern(ROUTES)["detail"]["object"]["key"] == [{"wildcard": "*.jsonl"}]
    for form in (JsonLines, JsonArray, Parquet):
        assert not form.suffix.endswith(".jsonl")
