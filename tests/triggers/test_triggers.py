"""Any event the function can be invoked with becomes messages, and outcomes its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture_forwarder.core.capture_file import CaptureFile
from capture_forwarder.core.errors import (
    CaptureFileError,
    CaptureFilesFailedError,
    PlatformUnavailableError,
    UnknownEventError,
)
from capture_forwarder.triggers import (
    CONTINUED,
    FORWARDED,
    Message,
    Outcome,
    Source,
    Trigger,
    answer,
    failed,
    outcome_of_message,
    read_event,
    skipped,
    write_continuation,
)
from tests.support.trigger_events import (
    ABOUT_NO_NEW_FILE,
    AS_IT_IS,
    AWKWARD_KEYS,
    BUCKET,
    ENCODED,
    EVENTS_LIKE,
    MALFORMED_BODIES,
    NEARLY,
    NOT_NEW_SHAPES,
    SAMPLES,
    SECRET,
    SHAPES,
    Event,
    eventbridge,
    s3,
    s3_batch,
    s3_batch_2,
    s3_record,
    sns,
    sqs,
    sqs_record,
)

EVENTS = Path(__file__).parents[2] / "events"


def capture_files(trigger: Trigger) -> list[CaptureFile]:
    assert [message.problem for message in trigger.messages if message.problem] == []
    return [file for message in trigger.messages for file in message.capture_files]


# --- every shape ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_announces_the_files_it_names(name: str) -> None:
    source, keys = SAMPLES[name]

    trigger = read_event(json.loads((EVENTS / f"{name}.json").read_text()))

    assert trigger.source is source
    assert [message.problem for message in trigger.messages] == [None] * len(keys)
    assert [list(message.capture_files) for message in trigger.messages] == [
        [CaptureFile(BUCKET, key) for key in one] for one in keys
    ]


def test_every_sample_event_is_tried() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == {*SAMPLES, "env"}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_carries_the_version(shape: str) -> None:
    trigger = read_event(SHAPES[shape]("key", "v-1"))

    assert capture_files(trigger) == [CaptureFile(BUCKET, "key", "v-1")]


@pytest.mark.parametrize("version", [None, "v-1"])
def test_a_continuation_brings_the_same_version_of_the_file(version: str | None) -> None:
    file = CaptureFile("bucket", "a key+with/ü", version)
    body = write_continuation(file, 3, ["one", "two"])
    record = {"messageId": "m", "eventSource": "aws:sqs", "body": body}

    (message,) = read_event({"Records": [record]}).messages

    assert message.capture_files == (file,)
    assert message.hops == 3
    assert set(message.routes) == {"one", "two"}


@pytest.mark.parametrize("shape", SHAPES)
def test_an_unversioned_file_has_no_version(shape: str) -> None:
    trigger = read_event(SHAPES[shape]("key", None))

    assert capture_files(trigger) == [CaptureFile(BUCKET, "key", None)]


@pytest.mark.parametrize(("key", "written"), AWKWARD_KEYS)
@pytest.mark.parametrize("shape", ENCODED)
def test_a_form_encoded_key_is_decoded_once(shape: str, key: str, written: str) -> None:
    assert capture_files(read_event(ENCODED[shape](written, None))) == [CaptureFile(BUCKET, key)]


@pytest.mark.parametrize("key", [key for key, _ in AWKWARD_KEYS])
@pytest.mark.parametrize("shape", AS_IT_IS)
def test_a_key_of_eventbridge_is_taken_as_it_is(shape: str, key: str) -> None:
    assert capture_files(read_event(AS_IT_IS[shape](key, None))) == [CaptureFile(BUCKET, key)]


def test_each_record_of_s3_is_a_message_of_its_own() -> None:
    trigger = read_event({"Records": [s3_record("a"), s3_record("b"), s3_record("c")]})

    assert [message.capture_files for message in trigger.messages] == [
        (CaptureFile(BUCKET, key),) for key in "abc"
    ]
    assert len({message.id for message in trigger.messages}) == 3


def test_all_records_of_one_sqs_message_are_one_message() -> None:
    trigger = read_event(sqs({"Records": [s3_record("a"), s3_record("b")]}, s3("c")))

    assert [message.id for message in trigger.messages] == ["message-1", "message-2"]
    assert [[file.key for file in message.capture_files] for message in trigger.messages] == [
        ["a", "b"],
        ["c"],
    ]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.3", "2.6"])
def test_new_fields_of_a_notification_are_ignored(version: str) -> None:
    record = s3_record("key") | {"eventVersion": version, "newField": {"of": [version]}}
    record["s3"]["object"]["newField"] = 1

    assert capture_files(read_event({"Records": [record]})) == [CaptureFile(BUCKET, "key")]


@pytest.mark.parametrize("event_name", ["ObjectCreated:Copy", "s3:ObjectCreated:Put"])
def test_every_way_to_create_a_file_counts(event_name: str) -> None:
    record = s3_record("key") | {"eventName": event_name}

    assert capture_files(read_event({"Records": [record]})) == [CaptureFile(BUCKET, "key")]


@pytest.mark.parametrize("shape", NOT_NEW_SHAPES)
@pytest.mark.parametrize("what", ABOUT_NO_NEW_FILE)
def test_what_is_about_no_new_file_is_skipped_and_named(what: str, shape: str) -> None:
    event = NOT_NEW_SHAPES[shape](ABOUT_NO_NEW_FILE[what])

    trigger = read_event(event)

    (message,) = trigger.messages
    assert (message.capture_files, message.problem) == ((), None)
    (why,) = message.skipped
    assert what.partition(":")[0] in why or what in {"no records", "test event"}
    assert SECRET not in why
    done = answer(trigger, event, [outcome_of_message([skipped(why)])])
    assert done.get("batchItemFailures", []) == []


def test_a_new_file_beside_a_deletion_is_forwarded() -> None:
    deleted = s3_record("gone") | {"eventName": "ObjectRemoved:Delete"}

    (message,) = read_event(sqs({"Records": [s3_record("new"), deleted]})).messages

    assert message.capture_files == (CaptureFile(BUCKET, "new"),)
    assert message.skipped == ("an event of S3 that announces no new file: ObjectRemoved",)


def test_every_task_of_s3_batch_is_a_message_under_its_id() -> None:
    event = s3_batch_2("a")
    event["tasks"].append({"taskId": "task-2", "s3Key": "b", "s3Bucket": BUCKET})

    trigger = read_event(event)

    assert [message.id for message in trigger.messages] == ["task-1", "task-2"]
    assert [file.key for file in capture_files(trigger)] == ["a", "b"]


@pytest.mark.parametrize("version", [None, "", 0, 7, ["v"], {"of": "v"}])
def test_a_version_that_is_no_text_is_none(version: object) -> None:
    event = s3_batch("2.0", {"s3Key": "key", "s3Bucket": BUCKET, "s3VersionId": version})

    assert capture_files(read_event(event)) == [CaptureFile(BUCKET, "key", None)]


def test_a_bucket_of_another_partition_is_named_by_its_arn() -> None:
    event = s3_batch("1.0", {"s3Key": "key", "s3BucketArn": "arn:aws-us-gov:s3:::gov-bucket"})

    assert capture_files(read_event(event)) == [CaptureFile("gov-bucket", "key")]


# --- what cannot be read -------------------------------------------------------------------


@pytest.mark.parametrize("case", MALFORMED_BODIES)
def test_a_malformed_message_fails_alone_and_quotes_no_value(case: str) -> None:
    event = {
        "Records": [
            sqs_record(json.dumps(s3("good-1")), "first"),
            sqs_record(MALFORMED_BODIES[case], "bad"),
            sqs_record(json.dumps(s3("good-2")), "last"),
        ]
    }

    first, bad, last = read_event(event).messages

    assert first == Message("first", (CaptureFile(BUCKET, "good-1"),))
    assert last == Message("last", (CaptureFile(BUCKET, "good-2"),))
    assert (bad.id, bad.capture_files) == ("bad", ())
    assert bad.problem
    assert SECRET not in bad.problem


def test_one_bad_record_makes_its_whole_message_fail() -> None:
    # Half a message cannot be acknowledged; what was good in it comes again with it.
    (message,) = read_event(sqs({"Records": [s3_record("good"), {"s3": {}}]})).messages

    assert message.capture_files == ()
    assert message.problem


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"order": 1, "amount": 2}, "amount, order"),
        ({"Records": [s3_record("k") | {"eventName": "ObjectEaten:Put"}]}, "an eventName that S3"),
        (eventbridge("k") | {"detail-type": "Object Eaten"}, "a detail-type that S3"),
        ({"Records": [{"s3": {"object": {"key": "k"}}}]}, "no 'bucket'"),
        ([1], "a JSON list"),
    ],
)
def test_the_problem_says_what_the_message_is_instead(body: object, says: str) -> None:
    (message,) = read_event(sqs(body)).messages

    assert says in str(message.problem)


def test_a_bad_record_of_s3_fails_alone() -> None:
    bad, good = read_event({"Records": [{"s3": {}}, s3_record("good")]}).messages

    assert bad.problem
    assert good.capture_files == (CaptureFile(BUCKET, "good"),)


@pytest.mark.parametrize(
    "task", [{}, {"s3Key": "k"}, {"s3Bucket": "b"}, {"s3Bucket": "", "s3Key": "k"}]
)
def test_a_task_without_bucket_or_key_fails_alone(task: Event) -> None:
    event = s3_batch_2("good")
    event["tasks"].append({"taskId": "bad", **task})

    good, bad = read_event(event).messages

    assert good.capture_files == (CaptureFile(BUCKET, "good"),)
    assert bad.id == "bad"
    assert bad.problem


@pytest.mark.parametrize(
    ("event", "names"),
    [
        pytest.param({"order": SECRET, "amount": 1}, "amount, order", id="a foreign object"),
        pytest.param({"Records": SECRET}, "Records", id="records that are no list"),
        pytest.param(
            {"Records": [{"dynamodb": SECRET, "eventSource": "aws:dynamodb"}]},
            "dynamodb, eventSource",
            id="records of another service",
        ),
        pytest.param({"Records": [SECRET]}, "a JSON str", id="records that are no objects"),
        pytest.param({"Records": [[]]}, "a JSON list", id="records that are lists"),
        pytest.param({}, "an empty object", id="nothing"),
        pytest.param(
            {"source": "aws.ec2", "detail": SECRET}, "detail, source", id="EventBridge of another"
        ),
        pytest.param(
            {"Records": [{"eventSource": "aws:sqs", "body": SECRET}]}, "messageId", id="no id"
        ),
        pytest.param(
            {"Records": [sqs_record("{}"), {"body": SECRET}]}, "messageId", id="no id further on"
        ),
        pytest.param(
            {"invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": []}, "tasks", id="idle"
        ),
        pytest.param(
            {"invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": [{"s3Key": SECRET}]},
            "s3Key",
            id="a task without an id",
        ),
        pytest.param(
            {"invocationSchemaVersion": "1.0", "tasks": [{"taskId": SECRET}]},
            "invocationId",
            id="a batch that cannot be answered",
        ),
        pytest.param([SECRET], "a JSON list", id="a list"),
        pytest.param(SECRET, "a JSON str", id="text"),
        pytest.param(None, "a JSON NoneType", id="null"),
    ],
)
def test_an_unknown_event_fails_loudly_by_its_keys_and_no_value(event: object, names: str) -> None:
    with pytest.raises(UnknownEventError) as raised:
        read_event(event)

    assert names in str(raised.value)
    assert SECRET not in str(raised.value)


# --- answers -------------------------------------------------------------------------------

GONE = CaptureFileError("it is gone", permanent=True)
BUSY = PlatformUnavailableError("it is busy", "Wait.")


def test_sqs_is_told_the_failed_messages_and_no_others() -> None:
    event = sqs(s3("a"), s3("b"), s3("c"))

    told = answer(read_event(event), event, [failed(BUSY), FORWARDED, failed(GONE)])

    assert told == {
        "batchItemFailures": [{"itemIdentifier": "message-1"}, {"itemIdentifier": "message-3"}]
    }


def test_sqs_is_told_an_empty_list_when_all_went_well() -> None:
    event = sqs(s3("a"))

    assert answer(read_event(event), event, [FORWARDED]) == {"batchItemFailures": []}


def test_sqs_is_told_that_what_was_skipped_or_continues_is_done() -> None:
    event = sqs(s3("a"), s3("b"))

    told = answer(read_event(event), event, [skipped("no route is for it"), CONTINUED])

    assert told == {"batchItemFailures": []}


def test_a_failed_message_is_named_though_another_of_its_id_went_well() -> None:
    event = {"Records": [sqs_record(json.dumps(s3(key)), "same") for key in ("a", "b")]}

    told = answer(read_event(event), event, [failed(BUSY), FORWARDED])

    assert told == {"batchItemFailures": [{"itemIdentifier": "same"}]}


@pytest.mark.parametrize("outcomes", [[], [FORWARDED], [FORWARDED] * 3])
def test_no_answer_is_given_while_a_message_has_no_outcome(outcomes: list[Outcome]) -> None:
    event = sqs(s3("a"), s3("b"))

    with pytest.raises(ValueError, match="argument 2"):
        answer(read_event(event), event, outcomes)


@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_s3_batch_gets_a_result_for_each_task_in_its_own_schema(schema: str) -> None:
    event = s3_batch(schema, {"s3Key": "a", "s3Bucket": BUCKET})
    event["tasks"] += [
        {"taskId": name, "s3Key": name, "s3Bucket": BUCKET} for name in ("task-2", "task-3")
    ]

    told = answer(read_event(event), event, [FORWARDED, failed(GONE), failed(BUSY)])

    assert told == {
        "invocationSchemaVersion": schema,
        "treatMissingKeysAs": "PermanentFailure",
        "invocationId": "invocation-1",
        "results": [
            {"taskId": "task-1", "resultCode": "Succeeded", "resultString": "forwarded"},
            {"taskId": "task-2", "resultCode": "PermanentFailure", "resultString": "it is gone"},
            {
                "taskId": "task-3",
                "resultCode": "TemporaryFailure",
                "resultString": "it is busy Wait.",
            },
        ],
    }


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (skipped("no route is for it"), "skipped: no route is for it"),
        (CONTINUED, "continued: a later invocation forwards the rest"),
        (FORWARDED, "forwarded"),
    ],
)
def test_s3_batch_reads_what_became_of_a_file(outcome: Outcome, says: str) -> None:
    event = s3_batch_2("a")

    told: Any = answer(read_event(event), event, [outcome])

    (result,) = told["results"]
    assert (result["resultCode"], result["resultString"]) == ("Succeeded", says)


def test_a_result_of_s3_batch_has_a_bounded_text() -> None:
    event = s3_batch_2("a")

    told: Any = answer(read_event(event), event, [failed(CaptureFileError("x" * 10_000))])

    assert told["results"][0]["resultString"] == "x" * 1024


ALL_OR_NOTHING = [
    pytest.param({"Records": [s3_record("a"), s3_record("b")]}, 2, id="S3"),
    pytest.param(sns(s3("a")), 1, id="SNS"),
    pytest.param(eventbridge("a"), 1, id="EventBridge"),
]


@pytest.mark.parametrize(("event", "count"), ALL_OR_NOTHING)
def test_other_sources_are_told_a_failure_by_an_error(event: Event, count: int) -> None:
    with pytest.raises(CaptureFilesFailedError, match=rf"1 of {count} messages failed: it is busy"):
        answer(read_event(event), event, [failed(BUSY), *[FORWARDED] * (count - 1)])


@pytest.mark.parametrize(("event", "count"), ALL_OR_NOTHING)
def test_other_sources_are_told_a_success_by_a_count(event: Event, count: int) -> None:
    assert answer(read_event(event), event, [FORWARDED] * count) == {"messages": count}


def test_all_failures_are_named_in_the_error() -> None:
    event = {"Records": [s3_record("a"), s3_record("b")]}

    with pytest.raises(CaptureFilesFailedError, match=r"it is busy.*it is gone"):
        answer(read_event(event), event, [failed(BUSY), failed(GONE)])


def test_a_message_fails_when_one_of_its_files_does() -> None:
    outcome = outcome_of_message([FORWARDED, failed(GONE), failed(BUSY), CONTINUED])

    assert outcome.error is GONE


def test_a_message_tells_what_became_of_each_of_its_files() -> None:
    outcome = outcome_of_message([FORWARDED, skipped("no route is for it"), FORWARDED])

    assert outcome == Outcome("forwarded; skipped: no route is for it")


def test_a_message_without_files_says_so() -> None:
    assert outcome_of_message([]) == Outcome("no capture file to forward")


# --- any event -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", EVENTS_LIKE)
@given(data=st.data())
def test_any_document_is_read_or_refused_and_can_be_answered(
    shape: str, data: st.DataObject
) -> None:
    event: Any = data.draw(EVENTS_LIKE[shape])
    try:
        trigger = read_event(event)
    except UnknownEventError:
        return

    assert trigger.messages
    for message in trigger.messages:
        check_message(message)
    json.dumps(answer(trigger, event, [FORWARDED] * len(trigger.messages)))
    failures = [failed(BUSY)] * len(trigger.messages)
    if trigger.source in {Source.SQS, Source.S3_BATCH}:
        json.dumps(answer(trigger, event, failures))
    else:
        with pytest.raises(CaptureFilesFailedError):
            answer(trigger, event, failures)


@given(body=st.text() | NEARLY.map(json.dumps) | NEARLY)
def test_any_body_of_sqs_makes_a_problem_or_capture_files(body: object) -> None:
    event = {"Records": [sqs_record(body), sqs_record(json.dumps(s3("good")), "message-2")]}

    any_message, good = read_event(event).messages

    check_message(any_message)
    assert good.capture_files == (CaptureFile(BUCKET, "good"),)


@given(key=st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_key_survives_its_encoding(key: str) -> None:
    assert capture_files(read_event(s3(quote_plus(key)))) == [CaptureFile(BUCKET, key)]
    assert capture_files(read_event(eventbridge(key))) == [CaptureFile(BUCKET, key)]


def check_message(message: Message) -> None:
    assert isinstance(message.id, str)
    assert message.problem is None or (message.problem and not message.capture_files)
    for file in message.capture_files:
        assert isinstance(file.bucket, str)
        assert isinstance(file.key, str)
        assert file.version_id is None or isinstance(file.version_id, str)
        assert file.bucket
        assert file.key
