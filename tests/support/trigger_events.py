"""Events of every shape, good ones and bad, as tables and as strategies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from capture_forwarder.triggers import Source

BUCKET = "capture-bucket"
A = (
    "datacapture/churn-endpoint/AllTraffic/2026/03/01/10/"
    "20-30-123-f41b4ce1-ffef-4339-9e96-7556c2c96346.jsonl"
)
B = (
    "datacapture/team=retention/churn-pipeline/AllTraffic/2026/03/01/10/"
    "24-02-456-90e19d38-be19-4d01-a4c6-08182b2bba71.jsonl"
)
C = (
    "datacapture/churn-untyped/AllTraffic/2026/03/01/10/"
    "31-47-789-d94c2716-0622-4655-a47f-1462448b0e00.jsonl"
)
D = (
    "datacapture/churn-endpoint/AllTraffic/2026/03/01/10/"
    "45-05-012-b036cf44-2dea-40e8-b5a3-fd554ef91f16.jsonl"
)
SAMPLES: dict[str, tuple[Source, list[list[str]]]] = {
    "s3": (Source.S3, [[A]]),
    "s3-many-records": (Source.S3, [[A], [B], [C]]),
    "s3-test-event": (Source.S3, [[]]),
    "sns": (Source.SNS, [[B]]),
    "eventbridge": (Source.EVENTBRIDGE, [[B]]),
    "sqs-eventbridge": (Source.SQS, [[A], [B], [C], [D]]),
    "sqs-s3": (Source.SQS, [[], [A], [B, C]]),
    "sqs-sns-s3": (Source.SQS, [[A], [B]]),
    "sqs-sns-raw": (Source.SQS, [[A], [B]]),
    "s3-batch-1.0": (Source.S3_BATCH, [[B]]),
    "s3-batch-2.0": (Source.S3_BATCH, [[B]]),
}

Event = dict[str, Any]


def s3_record(key: str, version: str | None = None) -> Event:
    described = {"key": key, "size": 1}
    if version:
        described["versionId"] = version
    return {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": described},
    }


def s3(key: str, version: str | None = None) -> Event:
    return {"Records": [s3_record(key, version)]}


def eventbridge(key: str, version: str | None = None) -> Event:
    described = {"key": key, "size": 1}
    if version:
        described["version-id"] = version
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": BUCKET}, "object": described},
    }


def sns_notification(message: object) -> Event:
    return {"Type": "Notification", "MessageId": "sns-1", "Message": json.dumps(message)}


def sns(message: object) -> Event:
    return {"Records": [{"EventSource": "aws:sns", "Sns": sns_notification(message)}]}


def sqs_record(body: object, name: str = "message-1") -> Event:
    return {"messageId": name, "body": body, "eventSource": "aws:sqs"}


def sqs(*messages: object) -> Event:
    """An SQS event whose messages are called message-1, message-2, ..."""
    return {
        "Records": [
            sqs_record(json.dumps(message), f"message-{number}")
            for number, message in enumerate(messages, 1)
        ]
    }


def s3_batch(schema: str, task: Event) -> Event:
    return {
        "invocationSchemaVersion": schema,
        "invocationId": "invocation-1",
        "job": {"id": "job-1"},
        "tasks": [{"taskId": "task-1", **task}],
    }


def s3_batch_1(key: str, version: str | None = None) -> Event:
    arn = f"arn:aws:s3:::{BUCKET}"
    return s3_batch("1.0", {"s3Key": key, "s3VersionId": version, "s3BucketArn": arn})


def s3_batch_2(key: str, version: str | None = None) -> Event:
    return s3_batch("2.0", {"s3Key": key, "s3VersionId": version, "s3Bucket": BUCKET})


MakeEvent = Callable[[str, str | None], Event]

ENCODED: dict[str, MakeEvent] = {
    "S3": s3,
    "SNS(S3)": lambda key, version: sns(s3(key, version)),
    "SQS(S3)": lambda key, version: sqs(s3(key, version)),
    "SQS(SNS(S3))": lambda key, version: sqs(sns_notification(s3(key, version))),
    "S3 Batch 1.0": s3_batch_1,
    "S3 Batch 2.0": s3_batch_2,
}
AS_IT_IS: dict[str, MakeEvent] = {
    "EventBridge": eventbridge,
    "SQS(EventBridge)": lambda key, version: sqs(eventbridge(key, version)),
    "SNS(EventBridge)": lambda key, version: sns(eventbridge(key, version)),
    "SQS(SNS(EventBridge))": lambda key, version: sqs(sns_notification(eventbridge(key, version))),
}
SHAPES = ENCODED | AS_IT_IS
# The key as S3 has it, and how S3 notifications and S3 Batch Operations write it.
AWKWARD_KEYS = [
    ("a b", "a+b"),
    ("a+b", "a%2Bb"),
    ("a%2Bb", "a%252Bb"),
    ("a%20b", "a%2520b"),
    ("100%", "100%25"),
    ("ü", "%C3%BC"),
    ("日本/ü", "%E6%97%A5%E6%9C%AC/%C3%BC"),
    ("team=retention", "team%3Dretention"),
    ("capture//endpoint", "capture//endpoint"),
    ("/leading/slash", "/leading/slash"),
    ("a&b;c:d@e?f#g", "a%26b%3Bc%3Ad%40e%3Ff%23g"),
    ("('quoted')", "%28%27quoted%27%29"),
]


SECRET = "s3cr3t-value"  # noqa: S105

MALFORMED_BODIES: dict[str, object] = {
    "no text": {"Records": []},
    "null": None,
    "empty": "",
    "not JSON": f"{SECRET}{{",
    "cut off": '{"Records":[{"s3":',
    "a number": "17",
    "a list": f'["{SECRET}"]',
    "JSON text": f'"{SECRET}"',
    "records that are no list": f'{{"Records":"{SECRET}"}}',
    "a record that is no object": f'{{"Records":["{SECRET}"]}}',
    "another message": f'{{"order":"{SECRET}"}}',
    "no bucket": f'{{"Records":[{{"s3":{{"object":{{"key":"{SECRET}"}}}}}}]}}',
    "no key": f'{{"Records":[{{"s3":{{"bucket":{{"name":"{SECRET}"}},"object":{{}}}}}}]}}',
    "an empty key": '{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":""}}}]}',
    "a key that is a number": '{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":7}}}]}',
    "an odd event name": json.dumps({"Records": [s3_record("key") | {"eventName": SECRET}]}),
    "an odd detail-type": json.dumps(eventbridge("key") | {"detail-type": SECRET}),
    "no detail": f'{{"source":"aws.s3","detail-type":"Object Created","detail":"{SECRET}"}}',
    "another SNS message": json.dumps(sns_notification({"order": SECRET})),
    "SNS text": json.dumps({"Type": "Notification", "Message": SECRET}),
    "endless wrapping": json.dumps(
        sns_notification(sns_notification(sns_notification(sns_notification(s3("key")))))
    ),
    "endless nesting": "[" * 100_000,
    "an endless number": "9" * 10_000,
}


TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}
# All that S3 announces beside new files.
OF_S3 = (
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "ObjectRestore:Post",
    "ObjectRestore:Completed",
    "ObjectRestore:Delete",
    "ReducedRedundancyLostObject",
    "Replication:OperationFailedReplication",
    "Replication:OperationMissedThreshold",
    "LifecycleExpiration:Delete",
    "LifecycleTransition",
    "IntelligentTiering",
    "ObjectTagging:Put",
    "ObjectAcl:Put",
)
OF_EVENTBRIDGE = (
    "Object Deleted",
    "Object Restore Initiated",
    "Object Restore Completed",
    "Object Restore Expired",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
    "Object ACL Updated",
    "Object Tags Added",
    "Object Tags Deleted",
)
ABOUT_NO_NEW_FILE: dict[str, Event] = {
    "test event": TEST_EVENT,
    "no records": {"Records": []},
    **{name: {"Records": [s3_record(SECRET) | {"eventName": name}]} for name in OF_S3},
    **{name: eventbridge(SECRET) | {"detail-type": name} for name in OF_EVENTBRIDGE},
}
NOT_NEW_SHAPES: dict[str, Callable[[Event], Event]] = {
    "direct": lambda message: message,
    "SNS": sns,
    "SQS": sqs,
    "SQS(SNS)": lambda message: sqs(sns_notification(message)),
}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
# Documents made of the words that events are made of come near to real ones.
NAMES = st.sampled_from(
    [
        *("Records", "eventSource", "EventSource", "eventName", "messageId", "body", "Sns"),
        *("Message", "Event", "s3", "bucket", "name", "object", "key", "versionId", "version-id"),
        *("source", "detail", "detail-type", "tasks", "taskId", "s3Key", "s3Bucket"),
        *("s3BucketArn", "s3VersionId", "invocationSchemaVersion", "invocationId"),
    ]
)
WORDS = st.sampled_from(
    ["aws:sqs", "aws:sns", "aws:s3", "aws.s3", "Object Created", "ObjectCreated:Put", "1.0"]
)
NEARLY = st.recursive(
    SCALARS | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=8)
        | inner.map(json.dumps)
    ),
    max_leaves=30,
)
MAYBE_TEXT = WORDS | SCALARS
BUCKET_LIKE = st.fixed_dictionaries({"name": MAYBE_TEXT})
OBJECT_LIKE = st.fixed_dictionaries({"key": MAYBE_TEXT}, optional={"versionId": MAYBE_TEXT})
S3_LIKE = st.fixed_dictionaries(
    {"s3": st.fixed_dictionaries({"bucket": BUCKET_LIKE, "object": OBJECT_LIKE}) | NEARLY},
    optional={"eventName": MAYBE_TEXT},
)
BODY_LIKE = (S3_LIKE.map(lambda record: {"Records": [record]}) | NEARLY).map(json.dumps)
SQS_LIKE = st.fixed_dictionaries(
    {"eventSource": st.just("aws:sqs"), "messageId": MAYBE_TEXT}, optional={"body": BODY_LIKE}
)
SNS_LIKE = st.fixed_dictionaries(
    {"EventSource": st.just("aws:sns")},
    optional={"Sns": NEARLY | st.fixed_dictionaries({"Message": BODY_LIKE | SCALARS})},
)
TASK_LIKE = st.fixed_dictionaries(
    {"taskId": WORDS},
    optional={"s3Key": MAYBE_TEXT, "s3Bucket": MAYBE_TEXT, "s3VersionId": NEARLY},
)
EVENTS_LIKE = {
    "any JSON": JSON,
    "the words of events": st.dictionaries(NAMES, NEARLY) | NEARLY,
    "S3": st.fixed_dictionaries({"Records": st.lists(S3_LIKE | NEARLY, max_size=3)}),
    "SQS": st.fixed_dictionaries({"Records": st.lists(SQS_LIKE, max_size=3)}),
    "SNS": st.fixed_dictionaries({"Records": st.lists(SNS_LIKE, max_size=3)}),
    "EventBridge": st.fixed_dictionaries(
        {"source": st.just("aws.s3"), "detail-type": WORDS},
        optional={
            "detail": st.fixed_dictionaries({"bucket": BUCKET_LIKE, "object": OBJECT_LIKE}) | NEARLY
        },
    ),
    "S3 Batch": st.fixed_dictionaries(
        {"invocationSchemaVersion": WORDS, "tasks": st.lists(TASK_LIKE, max_size=3) | NEARLY},
        optional={"invocationId": SCALARS},
    ),
}
